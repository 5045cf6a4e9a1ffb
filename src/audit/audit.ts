import type { Environment } from '../aws/endpoint.ts'
import { type ClusterReader, createClusterReader, UnreadError } from '../doctor/cluster-reader.ts'
import { createInstallation } from '../doctor/installation.ts'
import { selects } from '../doctor/label-selector.ts'
import { ApiConfigurationError } from '../kubernetes/api-error.ts'
import { type ClusterChoice, connectCluster } from '../oidc/verify/cluster.ts'
import { composeRoleArn } from '../webhook/identity/role-arn.ts'
import { type ClusterSnapshot, takeSnapshot, type WebhookSettings } from './cluster-snapshot.ts'
import { findExclusion } from './exclusion.ts'
import type { Finding } from './findings.ts'
import { judgeAnnotations } from './judge-account.ts'
import { createPodJudge, type PodFinding } from './judge-pod.ts'
import { isEnding, type ListedPod } from './pod-record.ts'
import { judgeRoles } from './role-checks.ts'
import { createTally, type Tally } from './tally.ts'

/** What is to be audited. */
export interface AuditRequest {
  readonly cluster: ClusterChoice
  /** Empty for all. */
  readonly namespace: string
  /** Labels of pods, as `kubectl -l` takes them. */
  readonly labelSelector: string
  /** Whether roles are looked up in IAM. */
  readonly areRolesChecked: boolean
}

/** What an audit sees of the world, and who is told how far it is. */
export interface AuditSurroundings {
  readonly env: Environment
  readSettings(args: readonly string[]): WebhookSettings
  readonly progress: (podCount: number) => void
  /** Ends the reading of pods: what was found until then is told. */
  readonly signal: AbortSignal
}

/** What an audit found. */
export interface Audit {
  readonly findings: readonly Finding[]
  readonly podCount: number
  readonly accountCount: number
  /** What could not be read, a line each. */
  readonly gaps: readonly string[]
  /** Whether it was ended before all pods were looked at. */
  readonly isCut: boolean
}

/** Connects to the cluster that is chosen. Rejects with an ApiConfigurationError where there is none. */
export async function connectReader(cluster: ClusterChoice, env: Environment): Promise<ClusterReader> {
  const client = await connectCluster(cluster, env)
  if (client !== undefined) return createClusterReader(client)
  throw new ApiConfigurationError('no cluster is configured: give --kubeconfig FILE, or set KUBECONFIG')
}

/**
 * Compares every pod with what the webhook would give it now. Rejects with an UnreadError where pods or ServiceAccounts cannot be
 * read.
 */
export async function auditCluster(
  reader: ClusterReader,
  request: AuditRequest,
  { env, readSettings, progress, signal }: AuditSurroundings,
): Promise<Audit> {
  const { namespace, labelSelector } = request
  const installation = createInstallation(reader, undefined)
  const snapshot = await takeSnapshot(reader, installation, { namespace, readSettings })
  const tally = createTally()
  const judge = createPodJudge(snapshot.webhook.settings)
  const gaps = [...snapshot.gaps]
  const usedAccounts = new Set<string>()
  let podCount = 0
  try {
    for await (const page of reader.listPages<ListedPod>('pods', namespace, { labelSelector })) {
      for (const pod of page) {
        if (isEnding(pod)) continue
        podCount++
        const account = `${pod.metadata.namespace}/${pod.spec.serviceAccountName ?? ''}`
        usedAccounts.add(account)
        const { role, findings } = judge(pod, {
          account: snapshot.describe(pod.metadata.namespace, pod.spec.serviceAccountName ?? ''),
          annotatedAtMs: snapshot.accounts.get(account)?.writtenAtMs,
          exclusion: describeExclusion(snapshot, pod),
        })
        for (const finding of findings) tally.addPod(pod, role, finding)
      }
      progress(podCount)
      if (signal.aborted) break
    }
  } catch (error) {
    if (!(error instanceof UnreadError) || podCount === 0) throw error
    gaps.push(`${error.message}: the audit ends after ${podCount} pods`)
  }
  // Pods of other labels may use an account too, and those that were not reached.
  const isWhole = labelSelector === '' && !signal.aborted
  judgeAccounts(snapshot, isWhole ? usedAccounts : undefined, tally)
  if (request.areRolesChecked) gaps.push(...(await judgeRoles(reader, snapshot, tally, env)))
  return {
    findings: tally.list(),
    podCount,
    accountCount: snapshot.accounts.size,
    gaps,
    isCut: signal.aborted,
  }
}

function describeExclusion({ entries, namespaces }: ClusterSnapshot, pod: ListedPod): string | undefined {
  const labels = namespaces.get(pod.metadata.namespace)
  return entries === undefined || labels === undefined ? undefined : findExclusion(entries, pod, labels)
}

function judgeAccounts(
  { accounts, webhook, policySelector }: ClusterSnapshot,
  usedAccounts: ReadonlySet<string> | undefined,
  tally: Tally,
): void {
  for (const [key, { namespace, name, annotations, labels }] of accounts) {
    const role = composeRoleArn(annotations.role, webhook.settings.roleArnParts)
    const found: PodFinding[] = [...judgeAnnotations(annotations, role)]
    if (annotations.role !== '' && policySelector !== undefined && !selects(policySelector, labels))
      found.push({ code: 'unlabelled_account', detail: '' })
    if (annotations.role !== '' && usedAccounts?.has(key) === false)
      found.push({ code: 'unused_account', detail: '' })
    for (const finding of found) tally.addAccount({ namespace, name, role }, finding)
  }
}
