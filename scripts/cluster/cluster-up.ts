/** `make cluster-up`: deploys the webhook into the cluster of kubectl's current context. */
import { checkAccess, listAccesses } from './access-review.ts'
import { divideIntoStages } from './apply-stages.ts'
import { type CertificateChange, prepareCertificateChange } from './certificate-change.ts'
import { ClusterError } from './cluster-error.ts'
import {
  type CertificateMode,
  type ClusterUpOptions,
  readClusterOptions,
  readClusterUpOptions,
  readDeployMode,
} from './cluster-options.ts'
import { describeOutput, runCommand } from './command.ts'
import { connect } from './connection.ts'
import { listDeployableObjects } from './deployable-objects.ts'
import { createKubectl, type Kubectl } from './kubectl.ts'
import { isWrittenByPeople, keyOf, type Manifest, OWN_NAME, toList } from './manifest.ts'
import { findNamespaceOwner } from './own-namespace.ts'
import { checkGrants, widenPermissions } from './permissions.ts'
import { bringUpPolicies, POLICY_STEPS } from './policy-only.ts'
import { servePolicies } from './policy-version.ts'
import { createProgress, type Progress } from './progress.ts'
import { findRegistration, type Registration, register } from './registration.ts'
import { listComponents, renderManifests } from './rendered-manifests.ts'
import { waitForAuthority, waitForRollout, waitForTrust } from './rollout.ts'
import { readServingAuthority } from './serving-authority.ts'

const CERT_MANAGER_API = 'cert-manager.io/v1'

/** Applied as nobody else's field stays in the way: what is in the manifests is what is wanted. */
const APPLY = ['apply', '--server-side', '--force-conflicts', '--validate=strict', '--filename=-']

await runCommand('cluster-up', async () => {
  if (readDeployMode(process.env) === 'policy') {
    const policyOptions = readClusterOptions(process.env)
    const steps = createProgress(POLICY_STEPS, describeOutput(process.stdout, process.env))
    return await bringUpPolicies(createKubectl(policyOptions.kubectlCommand), policyOptions, steps, APPLY)
  }
  const options = readClusterUpOptions(process.env, await listComponents())
  const stepCount = options.isWaiting ? 7 : 5
  const progress = createProgress(stepCount, describeOutput(process.stdout, process.env))
  const kubectl = createKubectl(options.kubectlCommand, (warning) => progress.note(warning))
  await bringUp(kubectl, options, progress)
})

async function bringUp(kubectl: Kubectl, options: ClusterUpOptions, progress: Progress): Promise<void> {
  const { namespace } = options

  progress.begin('Asking the cluster')
  const { context, serverVersion, apiVersions } = await connect(kubectl, process.env)
  progress.note(`context ${context}, Kubernetes ${serverVersion}`)
  const registration = await findRegistration(kubectl)
  const certificateMode = chooseCertificateMode(options, apiVersions, registration)
  progress.note(`certificates: ${certificateMode}; components: ${options.components.join(', ') || 'none'}`)
  const rendered = await renderManifests(kubectl, { ...options, certificateMode })
  const manifests = await servePolicies(kubectl, rendered, serverVersion)
  checkKinds(manifests, apiVersions)
  const leftovers = await listLeftovers(kubectl, options, manifests, apiVersions)
  await checkAccess(kubectl, [
    ...listAccesses(['get', 'create', 'patch'], manifests),
    ...listAccesses(['update'], manifests.filter(isWebhookConfiguration)),
    ...listAccesses(['get'], [describeSecret(namespace)]),
    ...listAccesses(['delete'], leftovers),
  ])
  const owner = await findNamespaceOwner(kubectl, namespace)
  await checkGrants(kubectl, manifests, { isNamespaceThere: owner !== 'nobody' })
  const isNamespaceForeign = owner === 'somebody else'
  const { foundations, workloads, registrations } = divideIntoStages(
    manifests.filter(({ kind }) => !(kind === 'Namespace' && isNamespaceForeign)),
  )
  const wanted = { namespace, certificateMode }
  if (registration !== undefined) announceChange(registration, wanted, progress)

  progress.begin(`Applying permissions in namespace ${namespace}`)
  const widened = await widenPermissions(kubectl, foundations)
  await kubectl.run(APPLY, toList(widened))
  if (options.isWaiting) await rollOut(kubectl, options, { registration, wanted, workloads }, progress)
  else {
    progress.begin('Applying the Deployment')
    await kubectl.run(APPLY, toList(workloads))
  }
  progress.begin('Applying the webhook configuration')
  const { trustedPem } = await readServingAuthority(kubectl, namespace, certificateMode)
  for (const manifest of registrations.filter(isWebhookConfiguration)) {
    await register(kubectl, manifest, trustedPem)
  }
  const policies = registrations.filter((manifest) => !isWebhookConfiguration(manifest))
  if (policies.length > 0) await kubectl.run(APPLY, toList(policies))
  if (options.isWaiting) {
    progress.begin('Waiting until API servers can trust the webhook')
    await waitForTrust(kubectl, options, certificateMode)
  }
  progress.begin('Removing what an earlier choice of certificates or components left')
  const narrowed = foundations.filter((manifest) => !widened.includes(manifest))
  if (narrowed.length > 0) await kubectl.run(APPLY, toList(narrowed))
  await kubectl.run(['delete', '--ignore-not-found', '--wait=false', '--filename=-'], toList(leftovers))
  if (registration?.namespace !== undefined && registration.namespace !== namespace) {
    progress.note(`nobody asks the webhook in namespace ${registration.namespace} any more: remove it there`)
  }
}

/** Nothing that serves is changed until the new replicas are ready; a failure says what holds then. */
async function rollOut(
  kubectl: Kubectl,
  options: ClusterUpOptions,
  { registration, wanted, workloads }: RolloutPlan,
  progress: Progress,
): Promise<void> {
  let change: CertificateChange | undefined
  try {
    progress.begin('Applying the Deployment')
    if (registration !== undefined && isCertificateChange(registration, wanted)) {
      change = await prepareCertificateChange(kubectl, options, registration, wanted.certificateMode)
    }
    await kubectl.run(APPLY, toList(workloads))
    progress.begin('Waiting until its replicas are ready')
    await waitForRollout(kubectl, options)
    await waitForAuthority(kubectl, options, wanted.certificateMode)
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error
    const state =
      registration === undefined
        ? 'nothing is registered: pods get no credentials yet'
        : 'the webhook configuration stays: replicas from before serve on'
    const outcome = change === undefined ? '' : `, ${await change.giveUp()}`
    throw new ClusterError(`${error.message}; ${state}${outcome}`)
  }
}

interface Placement {
  readonly namespace: string
  readonly certificateMode: CertificateMode
}

interface RolloutPlan {
  readonly registration: Registration | undefined
  readonly wanted: Placement
  readonly workloads: readonly Manifest[]
}

function isCertificateChange(registration: Registration, wanted: Placement): boolean {
  return (
    registration.namespace === wanted.namespace && registration.certificateMode !== wanted.certificateMode
  )
}

function isWebhookConfiguration({ kind }: Manifest): boolean {
  return kind === 'MutatingWebhookConfiguration'
}

function describeSecret(namespace: string): Manifest {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: OWN_NAME, namespace } }
}

function chooseCertificateMode(
  { namespace, certificateMode }: ClusterUpOptions,
  apiVersions: ReadonlySet<string>,
  registration: Registration | undefined,
): CertificateMode {
  const hasCertManager = apiVersions.has(CERT_MANAGER_API)
  if (certificateMode === 'cert-manager' && !hasCertManager) {
    throw new ClusterError(
      'CERTS=cert-manager: the cluster has no cert-manager: install it (https://cert-manager.io), or use CERTS=self-managed',
    )
  }
  if (certificateMode !== 'auto') return certificateMode
  // cert-manager may have come into the cluster since, for other reasons.
  if (registration?.namespace === namespace) return registration.certificateMode
  return hasCertManager ? 'cert-manager' : 'self-managed'
}

function checkKinds(manifests: readonly Manifest[], apiVersions: ReadonlySet<string>): void {
  const unknown = manifests.find(({ apiVersion }) => !apiVersions.has(apiVersion))
  if (unknown === undefined) return
  throw new ClusterError(
    `the cluster knows no ${unknown.kind} of ${unknown.apiVersion}: install what brings it, or leave its component out of COMPONENTS`,
  )
}

/** Tells of what people may not expect to be changed. */
function announceChange(registration: Registration, wanted: Placement, progress: Progress): void {
  if (registration.namespace !== wanted.namespace) {
    progress.note(
      `mutatingwebhookconfiguration ${OWN_NAME} is another webhook's, in namespace ${registration.namespace}: it is taken over (docs/install.md, upgrade)`,
    )
  } else if (isCertificateChange(registration, wanted)) {
    progress.note(
      `certificates were ${registration.certificateMode}: both are trusted until all replicas have the new ones`,
    )
  }
}

/**
 * Lists what an earlier choice of certificates or components may have left. A ConfigMap that is shipped empty stays: what
 * is in it was written by people.
 */
async function listLeftovers(
  kubectl: Kubectl,
  { namespace }: ClusterUpOptions,
  manifests: readonly Manifest[],
  apiVersions: ReadonlySet<string>,
): Promise<readonly Manifest[]> {
  const wanted = new Set(manifests.map(keyOf))
  const hasIssuedSecrets = manifests.some(({ kind }) => kind === 'Certificate')
  const isKept = (object: Manifest) =>
    wanted.has(keyOf(object)) ||
    isWrittenByPeople(object) ||
    (object.kind === 'Secret' && hasIssuedSecrets && object.metadata.name !== OWN_NAME)
  const objects = await listDeployableObjects(kubectl, namespace, apiVersions)
  const leftovers = objects.filter((object) => !isKept(object))
  // A replica that is ending would put its Secret back as long as it may.
  const isSecret = ({ kind }: Manifest) => kind === 'Secret'
  return [...leftovers.filter((object) => !isSecret(object)), ...leftovers.filter(isSecret)]
}
