import type { Environment } from '../aws/endpoint.ts'
import { type CheckAudience, createCheckList } from '../checks/check-list.ts'
import type { CheckResult, Verdict } from '../checks/verdict.ts'
import { ApiConfigurationError } from '../kubernetes/api-error.ts'
import { type ClusterChoice, connectCluster } from '../oidc/verify/cluster.ts'
import type { Check, CheckContext, ServiceAccountName } from './check.ts'
import { CHECK_NAMES, CHECK_NAMES_BEFORE, type CheckName } from './check-names.ts'
import { checkCertificateTrusted } from './checks/certificate-trusted.ts'
import { checkDisruptionBudget } from './checks/disruption-budget.ts'
import { checkDryRunPod } from './checks/dry-run-pod.ts'
import { checkFailOpen } from './checks/fail-open.ts'
import { checkIssuerPublished } from './checks/issuer-published.ts'
import { checkKubernetesVersion } from './checks/kubernetes-version.ts'
import { checkNetworkPolicy } from './checks/network-policy.ts'
import { checkInstallPermissions, checkPermissions } from './checks/permissions.ts'
import { checkNoOther, checkRegistration } from './checks/registration.ts'
import {
  checkReplicasAgree,
  checkReplicasReady,
  checkReplicasSpread,
  checkWatches,
} from './checks/replicas.ts'
import { createClusterReader, UnreadError } from './cluster-reader.ts'
import { createInstallation, DEFAULT_NAMESPACE } from './installation.ts'

const CHECKS: Readonly<Record<CheckName, Check>> = {
  'kubernetes-version': checkKubernetesVersion,
  'install-permissions': checkInstallPermissions,
  'no-other-webhook': checkNoOther,
  registered: checkRegistration,
  permissions: checkPermissions,
  'replicas-ready': checkReplicasReady,
  'replicas-agree': checkReplicasAgree,
  'replicas-spread': checkReplicasSpread,
  'certificate-trusted': checkCertificateTrusted,
  watches: checkWatches,
  'disruption-budget': checkDisruptionBudget,
  'network-policy': checkNetworkPolicy,
  'fail-open': checkFailOpen,
  'issuer-published': checkIssuerPublished,
  'dry-run-pod': checkDryRunPod,
}

/** What is to be looked at. */
export interface DoctorRequest {
  readonly isBeforeInstall: boolean
  /** Where the webhook runs; undefined: where its configuration says. */
  readonly namespace: string | undefined
  readonly cluster: ClusterChoice
  readonly serviceAccount: ServiceAccountName | undefined
  /** Names of checks to leave out. */
  readonly skipped: readonly string[]
}

/** What it sees of the world, and who is told. */
export interface DoctorSurroundings extends CheckAudience<string> {
  readonly env: Environment
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
}

/** Makes all checks, one after the other. Rejects in one line where no cluster is configured. */
export async function examineCluster(
  request: DoctorRequest,
  surroundings: DoctorSurroundings,
): Promise<readonly CheckResult[]> {
  const client = await connectCluster(request.cluster, surroundings.env)
  if (client === undefined)
    throw new ApiConfigurationError('no cluster is configured: give --kubeconfig FILE, or set KUBECONFIG')
  try {
    const reader = createClusterReader(client)
    const { isBeforeInstall, namespace = isBeforeInstall ? DEFAULT_NAMESPACE : undefined } = request
    const context: CheckContext = {
      ...surroundings,
      reader,
      installation: createInstallation(reader, namespace),
      serviceAccount: request.serviceAccount,
    }
    const { results, check } = createCheckList<string>(surroundings)
    const names = isBeforeInstall ? CHECK_NAMES_BEFORE : CHECK_NAMES
    for (const name of names.filter((candidate) => !request.skipped.includes(candidate)))
      await check(name, async () => ({ verdict: await attempt(CHECKS[name], context) }))
    return results
  } finally {
    client.close()
  }
}

async function attempt(make: Check, context: CheckContext): Promise<Verdict> {
  try {
    return await make(context)
  } catch (error) {
    if (!(error instanceof UnreadError)) throw error
    return { status: 'unread', message: error.message, hint: error.hint }
  }
}
