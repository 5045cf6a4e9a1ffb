import type { V1Pod } from '@kubernetes/client-node'
import type { ApiClient } from '../../test/cluster/support/api-client.ts'
import { findIdentity, WEB_IDENTITY } from '../../test/cluster/support/pod-credentials.ts'
import { describePod } from '../../test/cluster/support/webhook-registration.ts'
import type { CreationContender } from './contender.ts'

/** How many create pods at once, and for how many ServiceAccounts. */
export interface Scenario {
  readonly clients: number
  /** Whether all pods are of one ServiceAccount, as those of a Deployment are; else each client has its own. */
  readonly isAccountShared: boolean
}

/** One round of one contender. */
export interface CreationRound {
  /** Milliseconds that each creation took. */
  readonly timesMs: readonly number[]
  readonly gets: number | undefined
}

let podNumber = 0

/**
 * Reads a ServiceAccount as the webhook does, after each of so many pods of somebody else: what one GET costs on this machine,
 * in a process that was idle a moment before.
 */
export async function timeGets(client: ApiClient, { namespace }: CreationContender, count: number) {
  const timesMs: number[] = []
  for (let index = 0; index < count; index++) {
    const pod = describePod(`pod-${podNumber++}`, 'account-0')
    await client.send('POST', `/api/v1/namespaces/${namespace}/pods`, pod)
    const startedAtMs = performance.now()
    await client.get(`/api/v1/namespaces/${namespace}/serviceaccounts/account-0`)
    timesMs.push(performance.now() - startedAtMs)
  }
  return timesMs
}

/** Creates pods; throws where one comes out with another role than it should. */
export async function createPods(
  client: ApiClient,
  contender: CreationContender,
  { clients, isAccountShared }: Scenario,
  podCount: number,
): Promise<CreationRound> {
  const getsBefore = await contender.countGets()
  const timesMs: number[] = []
  const work = async (index: number) => {
    const account = isAccountShared ? 0 : index
    const expected = contender.expectedRole(account)
    while (timesMs.length + clients <= podCount) {
      const pod = describePod(`pod-${podNumber++}`, `account-${account}`)
      const startedAtMs = performance.now()
      const { status, body } = await client.send(
        'POST',
        `/api/v1/namespaces/${contender.namespace}/pods`,
        pod,
      )
      timesMs.push(performance.now() - startedAtMs)
      const role = status === 201 ? findIdentity(body as V1Pod, WEB_IDENTITY) : `HTTP ${status}`
      if (role !== expected) throw new Error(`${contender.name}: a pod has ${role} in place of ${expected}`)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, index) => work(index)))
  const getsAfter = await contender.countGets()
  return {
    timesMs,
    gets: getsBefore === undefined || getsAfter === undefined ? undefined : getsAfter - getsBefore,
  }
}
