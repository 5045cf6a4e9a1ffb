import type { V1Pod } from '@kubernetes/client-node'
import { type Flaw, fail, joinFlaws, pass, skip, type Verdict, warn } from '../../checks/verdict.ts'
import type { CheckContext } from '../check.ts'
import { UnreadError } from '../cluster-reader.ts'
import type { Installation } from '../installation.ts'

/** Whether all replicas are ready, and what those wait for that are not. */
export async function checkReplicasReady({ installation }: CheckContext): Promise<Verdict> {
  const pods = await installation.pods()
  if (pods.length === 0)
    return fail({
      message: `no replica runs in namespace ${await installation.namespace()}`,
      hint: 'see why the Deployment makes no pod: kubectl describe deployment,replicaset',
    })
  const unready = pods.filter((pod) => !isReady(pod))
  if (unready.length === 0) return pass(`${count(pods.length)} ready`)
  const statuses = await installation.statuses()
  const flaws = unready.map((pod): Flaw => {
    const name = pod.metadata?.name ?? ''
    const found = statuses.find((status) => status.pod === name)
    const reasons = found !== undefined && 'status' in found ? found.status.pendingReasons : []
    const why = reasons.length > 0 ? reasons.join('; ') : explainPod(pod)
    return {
      message: `pod ${name} is not ready: ${why}`,
      hint: `see docs/troubleshooting.md, and kubectl --namespace ${pod.metadata?.namespace} logs ${name}`,
    }
  })
  const { message, hint } = joinFlaws(flaws)
  return fail({ message: `${pods.length - unready.length} of ${count(pods.length)} ready; ${message}`, hint })
}

/** Whether all replicas run the same version. */
export async function checkReplicasAgree({ installation }: CheckContext): Promise<Verdict> {
  const statuses = await readStatuses(installation)
  if (statuses.length === 0) return skip('there is no replica')
  const versions = [...new Set(statuses.map(({ status }) => status.version))]
  if (versions.length === 1) return pass(`version ${versions[0]}`)
  const told = statuses.map(({ pod, status }) => `${pod} is ${status.version}`)
  return warn({
    message: `replicas run different versions: ${told.join(', ')}`,
    hint: 'wait until the rollout is over: kubectl rollout status deployment',
  })
}

/** Whether replicas are on nodes of their own. */
export async function checkReplicasSpread({ installation }: CheckContext): Promise<Verdict> {
  const pods = await installation.pods()
  const nodes = new Set(pods.map(({ spec }) => spec?.nodeName).filter((node) => node !== undefined))
  if (pods.length === 0) return skip('there is no replica')
  if (pods.length === 1)
    return warn({
      message: 'there is one replica: while it is away, pods get no credentials, or are refused',
      hint: 'run two or more',
    })
  if (nodes.size === 1)
    return warn({
      message: `all ${count(pods.length)} on node ${[...nodes].join('')}, and would be away with it`,
      hint: 'delete one of the pods once another node has room: the Deployment spreads them',
    })
  return pass(`${count(pods.length)} on ${nodes.size} nodes`)
}

/** After this long without a word a watch may miss changes; bookmarks come each minute. */
const MAX_WATCH_AGE_SECONDS = 600

/** Whether replicas hear of changes. */
export async function checkWatches({ installation }: CheckContext): Promise<Verdict> {
  const statuses = await readStatuses(installation)
  const flaws = statuses.flatMap(({ pod, status }) =>
    status.watches
      .filter(({ isConnected, ageSeconds }) => !isConnected || ageSeconds > MAX_WATCH_AGE_SECONDS)
      .map(({ resource, ageSeconds }) => ({
        message: `${pod} has not heard of ${resource} for ${ageSeconds} s`,
        hint: 'see its log: can it reach the API server, and may it watch?',
      })),
  )
  if (flaws.length > 0) return fail(joinFlaws(flaws))
  const ages = statuses.flatMap(({ status }) => status.watches.map(({ ageSeconds }) => ageSeconds))
  if (ages.length === 0) return skip('no replica watches anything')
  return pass(`all watches are connected, the quietest was heard of ${Math.max(...ages)} s ago`)
}

/** The replicas that say how they are. Rejects with an UnreadError where there are some and none does. */
export async function readStatuses(installation: Installation) {
  const answers = await installation.statuses()
  const told = answers.flatMap((answer) => ('status' in answer ? [answer] : []))
  const [failed] = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []))
  if (told.length === 0 && failed !== undefined) throw new UnreadError(failed.message, failed.hint)
  return told
}

function isReady({ status }: V1Pod): boolean {
  return (
    status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ??
    false
  )
}

function explainPod({ status }: V1Pod): string {
  const waiting = status?.containerStatuses
    ?.map(({ state }) => state?.waiting)
    .find((state) => state !== undefined)
  if (waiting?.reason) return [waiting.reason, waiting.message?.split('\n')[0]].filter(Boolean).join(': ')
  const unscheduled = status?.conditions?.find(
    (condition) => condition.type === 'PodScheduled' && condition.status === 'False',
  )
  return unscheduled?.message ?? `its phase is ${status?.phase ?? 'unknown'}`
}

function count(replicas: number): string {
  return replicas === 1 ? '1 replica is' : `${replicas} replicas are`
}
