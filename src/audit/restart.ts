import type { ApiClient } from '../kubernetes/api-client.ts'
import type { Timing } from '../kubernetes/timing.ts'
import { type Finding, MENDED_BY_RESTART } from './findings.ts'

/** What can be rolled out anew. */
const RESOURCES: Readonly<Record<string, string>> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
}

/** An owner whose pods are to be made again. */
export interface Restart {
  readonly namespace: string
  readonly kind: string
  readonly name: string
}

/** What `--restart` comes to before it begins. */
export interface RestartPlan {
  readonly restarts: readonly Restart[]
  /** Pods that nobody makes again, or whose owner is of another kind: `shop/Pod/one`. */
  readonly leftAlone: readonly string[]
}

/** Which owners have pods that are mended by being made again. */
export function planRestarts(findings: readonly Finding[]): RestartPlan {
  const restarts = new Map<string, Restart>()
  const leftAlone = new Set<string>()
  for (const { code, namespace, kind, name } of findings) {
    if (!MENDED_BY_RESTART.has(code)) continue
    const key = `${namespace}/${kind}/${name}`
    if (RESOURCES[kind] === undefined) leftAlone.add(key)
    else restarts.set(key, { namespace, kind, name })
  }
  return { restarts: [...restarts.values()], leftAlone: [...leftAlone] }
}

/** How long pods of one owner may take to come up. */
const ROLLOUT_MS = 600_000
const LOOK_MS = 1_000
const REQUEST_TIMEOUT_MS = 10_000

/** The annotation by which kubectl rollout restart makes a template another one. */
const RESTARTED_ANNOTATION = 'kubectl.kubernetes.io/restartedAt'

interface Workload {
  readonly metadata: { readonly generation?: number }
  readonly spec: { readonly replicas?: number; readonly updateStrategy?: { readonly type?: string } }
  readonly status?: {
    readonly observedGeneration?: number
    readonly updatedReplicas?: number
    readonly availableReplicas?: number
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly updatedNumberScheduled?: number
    readonly numberAvailable?: number
    readonly desiredNumberScheduled?: number
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason?: string
    }[]
  }
}

/**
 * Rolls one owner out anew, as `kubectl rollout restart` does, and waits until all of its pods are up. Rejects, in one line, where
 * they do not come up within ten minutes, or the owner's controller gives up before.
 */
export async function restartOwner(
  client: ApiClient,
  { namespace, kind, name }: Restart,
  {
    timing,
    signal,
    timeoutMs = ROLLOUT_MS,
  }: { readonly timing: Timing; readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${namespace}/${RESOURCES[kind]}/${name}`
  const { spec } = (await client.requestJson({ path, timeoutMs: REQUEST_TIMEOUT_MS })) as Workload
  if (spec.updateStrategy?.type === 'OnDelete')
    throw new Error(
      `${kind} ${namespace}/${name} makes pods anew only when they are deleted (OnDelete): delete them`,
    )
  const restartedAt = new Date(timing.wallTimeMs()).toISOString()
  const annotations = { [RESTARTED_ANNOTATION]: restartedAt }
  await client.requestJson({
    method: 'PATCH',
    path,
    query: { fieldManager: 'pod-identity-webhook-audit' },
    contentType: 'application/strategic-merge-patch+json',
    body: { spec: { template: { metadata: { annotations } } } },
    timeoutMs: REQUEST_TIMEOUT_MS,
  })
  const startMs = timing.nowMs()
  for (;;) {
    const workload = (await client.requestJson({ path, timeoutMs: REQUEST_TIMEOUT_MS })) as Workload
    if (isRolledOut(kind, workload)) return
    // What the controller said of the template before counts for nothing.
    const hasGivenUp =
      isObserved(workload) &&
      workload.status?.conditions?.some(({ reason }) => reason === 'ProgressDeadlineExceeded')
    const isLate = timing.nowMs() - startMs > timeoutMs
    if (isLate || hasGivenUp || signal.aborted) {
      const why = signal.aborted ? 'was not waited for' : 'does not come up'
      throw new Error(
        `${kind} ${namespace}/${name} ${why}: see kubectl --namespace=${namespace} rollout status ${kind.toLowerCase()}/${name}`,
      )
    }
    await timing.wait(LOOK_MS, signal).catch(() => {})
  }
}

function isObserved({ metadata, status }: Workload): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
}

/** As `kubectl rollout status` sees it. */
function isRolledOut(kind: string, { metadata, spec, status = {} }: Workload): boolean {
  if (!isObserved({ metadata, spec, status })) return false
  if (kind === 'DaemonSet') {
    const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status
    return updatedNumberScheduled >= desiredNumberScheduled && numberAvailable >= desiredNumberScheduled
  }
  const { replicas: wanted = 1 } = spec
  const { updatedReplicas = 0, availableReplicas = 0, readyReplicas = 0, replicas = 0 } = status
  if (updatedReplicas < wanted) return false
  return kind === 'StatefulSet'
    ? readyReplicas >= wanted
    : replicas <= updatedReplicas && availableReplicas >= updatedReplicas
}
