/** `make cluster-up`: deploys the webhook into the cluster of kubectl's current context. */
import { checkAccess } from './access-review.ts'
import { divideIntoStages } from './apply-stages.ts'
import { ClusterError } from './cluster-error.ts'
import { type CertificateMode, type ClusterUpOptions, readClusterUpOptions } from './cluster-options.ts'
import { describeOutput, runCommand } from './command.ts'
import { connect } from './connection.ts'
import { listDeployableObjects } from './deployable-objects.ts'
import { createKubectl, type Kubectl } from './kubectl.ts'
import { keyOf, type Manifest, OWN_NAME, toList } from './manifest.ts'
import { findNamespaceOwner } from './own-namespace.ts'
import { createProgress, type Progress } from './progress.ts'
import { findRegistration, type Registration, removeRegistration } from './registration.ts'
import { listComponents, renderManifests } from './rendered-manifests.ts'
import { waitForCaBundle, waitForRollout } from './rollout.ts'

const CERT_MANAGER_API = 'cert-manager.io/v1'

/** Applied as nobody else's field stays in the way: what is in the manifests is what is wanted. */
const APPLY = ['apply', '--server-side', '--force-conflicts', '--validate=strict', '--filename=-']

await runCommand('cluster-up', async () => {
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
  const manifests = await renderManifests(kubectl, { ...options, certificateMode })
  checkKinds(manifests, apiVersions)
  await checkAccess(kubectl, ['get', 'create', 'patch'], manifests)
  const leftovers = await listLeftovers(kubectl, options, manifests, apiVersions)
  await checkAccess(kubectl, ['delete'], leftovers)
  const owner = await findNamespaceOwner(kubectl, namespace)
  const isNamespaceForeign = owner === 'somebody else'
  const { foundations, workloads, registrations } = divideIntoStages(
    manifests.filter(({ kind }) => !(kind === 'Namespace' && isNamespaceForeign)),
  )
  if (registration !== undefined) {
    await prepareTakeover(kubectl, registration, { namespace, certificateMode }, progress)
  }

  progress.begin(`Applying permissions in namespace ${namespace}`)
  await kubectl.run(APPLY, toList(foundations))
  progress.begin('Applying the Deployment')
  await kubectl.run(APPLY, toList(workloads))
  if (options.isWaiting) {
    progress.begin('Waiting until its replicas are ready')
    await waitForRollout(kubectl, options)
  }
  progress.begin('Applying the webhook configuration')
  await kubectl.run(APPLY, toList(registrations))
  if (options.isWaiting) {
    progress.begin('Waiting until API servers can trust the webhook')
    await waitForCaBundle(kubectl, options)
  }
  progress.begin('Removing what an earlier choice of certificates or components left')
  await kubectl.run(['delete', '--ignore-not-found', '--wait=false', '--filename=-'], toList(leftovers))
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

/** Another webhook of this name is told of; a change of certificates takes the registration away first. */
async function prepareTakeover(
  kubectl: Kubectl,
  registration: Registration,
  wanted: Registration,
  progress: Progress,
): Promise<void> {
  if (registration.namespace !== wanted.namespace) {
    progress.note(
      `mutatingwebhookconfiguration ${OWN_NAME} is another webhook's, in namespace ${registration.namespace}: it is taken over (docs/install.md, upgrade)`,
    )
  } else if (registration.certificateMode !== wanted.certificateMode) {
    // Both would write the caBundle, each against the other, until no replica were ready.
    progress.note(
      `certificates were ${registration.certificateMode}: pods get no credentials until the new ones are there`,
    )
    await removeRegistration(kubectl)
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
    (object.kind === 'ConfigMap' && !('data' in object)) ||
    (object.kind === 'Secret' && hasIssuedSecrets && object.metadata.name !== OWN_NAME)
  const objects = await listDeployableObjects(kubectl, namespace, apiVersions)
  return objects.filter((object) => !isKept(object))
}
