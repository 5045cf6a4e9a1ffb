import type { V1Pod } from '@kubernetes/client-node'
import type { ApiClient } from './api-client.ts'
import { CONTAINER_CREDENTIALS, findIdentity, WEB_IDENTITY } from './pod-credentials.ts'
import { describePod, roleArn } from './webhook-registration.ts'

/** A write, and the identity that the pod of the very next request must have. */
export interface Step {
  write(): Promise<unknown>
  /** A role, `container credentials`, or undefined for none. */
  readonly expected: string | undefined
}

/** Writes for one ServiceAccount, over and over; the steps of a race come round in turn. */
export type Steps = (worker: number, round: number) => readonly Step[]

/** How often a pod was not what the write before it said. */
export interface RaceResult {
  readonly podCount: number
  readonly wrong: readonly string[]
}

/**
 * Writes, and creates a pod by the next request, `rounds` times in all, by `workers` at once.
 *
 * Pods are created as dry runs: they pass admission as others do, and fill no etcd.
 */
export async function raceWrites(options: {
  readonly creator: ApiClient
  readonly namespace: string
  readonly workers: number
  readonly rounds: number
  readonly accountOf: (worker: number) => string
  readonly steps: Steps
}): Promise<RaceResult> {
  const { creator, namespace, workers, accountOf, steps } = options
  let round = 0
  let podCount = 0
  const wrong: string[] = []
  const work = async (worker: number) => {
    while (round < options.rounds) {
      const current = round++
      for (const { write, expected } of steps(worker, current)) {
        await write()
        const { status, body } = await creator.send(
          'POST',
          `/api/v1/namespaces/${namespace}/pods?dryRun=All`,
          describePod(`pod-${current}`, accountOf(worker)),
        )
        podCount++
        const actual = status === 201 ? identityOf(body as V1Pod) : `HTTP ${status}`
        if (actual !== expected) wrong.push(`round ${current}: ${actual} instead of ${expected}`)
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)))
  return { podCount, wrong }
}

function identityOf(pod: V1Pod): string | undefined {
  if (findIdentity(pod, CONTAINER_CREDENTIALS) !== undefined) return 'container credentials'
  return findIdentity(pod, WEB_IDENTITY)
}

/** Annotates a ServiceAccount, changes its role, takes it away: three pods a round. */
export function annotationSteps(writer: ApiClient, pathOf: (worker: number) => string): Steps {
  return (worker, round) => {
    const annotate = (role: string | null) => () =>
      patch(writer, pathOf(worker), { metadata: { annotations: { 'eks.amazonaws.com/role-arn': role } } })
    const [first, second] = [roleArn(`first-${round}`), roleArn(`second-${round}`)]
    return [
      { write: annotate(first), expected: first },
      { write: annotate(second), expected: second },
      { write: annotate(null), expected: undefined },
    ]
  }
}

/** Changes one entry of a ConfigMap that all workers share: a role in the mappings, a line in a list. */
export function configMapSteps(
  writer: ApiClient,
  path: string,
  format: (entries: ReadonlyMap<number, number>) => Readonly<Record<string, string>>,
  expect: (round: number) => string,
): Steps {
  const entries = new Map<number, number>()
  let queue: Promise<unknown> = Promise.resolve()
  // One write after the other, each with the newest of all workers; the pods that follow are created meanwhile.
  const write = (change: () => void) => () => {
    queue = queue.then(() => {
      change()
      return patch(writer, path, { data: format(entries) })
    })
    return queue
  }
  return (worker, round) => [
    { write: write(() => entries.set(worker, round)), expected: expect(round) },
    { write: write(() => entries.delete(worker)), expected: undefined },
  ]
}

async function patch(client: ApiClient, path: string, body: unknown): Promise<void> {
  const { status } = await client.send('PATCH', path, body, 'application/merge-patch+json')
  if (status !== 200) throw new Error(`PATCH ${path}: ${status}`)
}
