import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { ACCOUNT_LABEL, parseLabelSelector } from '../../src/webhook/policy/label-selector.ts'
import type { Cluster } from '../../test/cluster/support/cluster.ts'
import { applyPolicies } from '../../test/cluster/support/policy-fixture.ts'
import { startWebhook } from '../../test/cluster/support/webhook.ts'
import { grantWebhookAccess } from '../../test/cluster/support/webhook-access.ts'
import { registerWebhook, roleArn } from '../../test/cluster/support/webhook-registration.ts'
import { findMedian } from '../measures/statistics.ts'
import { formatTable } from '../measures/table.ts'
import { SERVER_NODE_OPTIONS } from '../servers/webhook-command.ts'
import { createPods } from './create-pods.ts'

/** Who gives pods of a namespace their credentials. */
const CONTENDERS = ['none', 'policy', 'policy-label', 'webhook', 'both', 'both-label'] as const

type Contender = (typeof CONTENDERS)[number]

const SCENARIO = { clients: 1, isAccountShared: true }

/** Median milliseconds of a creation, by number of ServiceAccounts in the namespace and contender. */
export type CountStandings = ReadonlyMap<number, ReadonlyMap<Contender, number>>

/**
 * Measures what creating a pod takes with policy, webhook and both, in namespaces of so many ServiceAccounts, of which one has a
 * role: the policy evaluates each that its selector takes. Contenders take turns; the first round only warms up.
 */
export async function measureAccountCounts(
  cluster: Cluster,
  options: { readonly counts: readonly number[]; readonly rounds: number; readonly pods: number },
): Promise<CountStandings> {
  const { counts, rounds, pods } = options
  const namespaceOf = (contender: Contender, count: number) => `${contender}-${count}`
  for (const contender of CONTENDERS)
    for (const count of counts) await createAccounts(cluster, namespaceOf(contender, count), count)
  const close = await openContenders(cluster, (contender) =>
    counts.map((count) => namespaceOf(contender, count)),
  )
  try {
    const standings = new Map<number, Map<Contender, number>>()
    for (const count of counts) {
      const mediansMs = new Map<Contender, number[]>(CONTENDERS.map((contender) => [contender, []]))
      for (let round = 0; round <= rounds; round++) {
        for (const name of round % 2 === 1 ? CONTENDERS : CONTENDERS.toReversed()) {
          const contender = {
            name,
            namespace: namespaceOf(name, count),
            expectedRole: () => (name === 'none' ? undefined : roleArn('account-0')),
            countGets: async () => undefined,
            close: async () => {},
          }
          const { timesMs } = await createPods(cluster.client, contender, SCENARIO, pods)
          if (round > 0) mediansMs.get(name)?.push(findMedian(timesMs))
        }
      }
      const medians = [...mediansMs].map(([name, ofRounds]) => [name, findMedian(ofRounds)] as const)
      standings.set(count, new Map(medians))
    }
    return standings
  } finally {
    await close()
  }
}

/** Writes the table, and how the policy stands to the aim: within 1.2 of the webhook's median at 10 ServiceAccounts. */
export function formatAccountCounts(standings: CountStandings): string {
  const rows = [...standings].map(([count, medians]) => [
    String(count),
    ...CONTENDERS.map((name) => medians.get(name)?.toFixed(2) ?? '-'),
  ])
  const heading = ['ServiceAccounts', ...CONTENDERS.map((name) => `${name} ms`)]
  const ten = standings.get(10)
  const ratio = (ten?.get('policy') ?? Number.NaN) / (ten?.get('webhook') ?? Number.NaN)
  const aim = ten === undefined ? [] : ['', `policy to webhook at 10: ${ratio.toFixed(2)}, aim 1.2`]
  return [formatTable(heading, rows), ...aim].join('\n')
}

/** `account-0` has a role; each further one is there, without. */
async function createAccounts(
  { client, ...cluster }: Cluster,
  namespace: string,
  count: number,
): Promise<void> {
  await cluster.createNamespace(namespace)
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`
  const annotations = { 'eks.amazonaws.com/role-arn': roleArn('account-0') }
  const labels = { [ACCOUNT_LABEL.key]: ACCOUNT_LABEL.value }
  await client.create(path, { metadata: { name: 'account-0', annotations, labels } })
  await client.send('DELETE', `${path}/default`)
  for (let index = 1; index < count; index++)
    await client.create(path, { metadata: { name: `account-${index}` } })
}

async function openContenders(
  cluster: Cluster,
  namespacesOf: (contender: Contender) => readonly string[],
): Promise<() => Promise<void>> {
  const accountSelector = parseLabelSelector(`${ACCOUNT_LABEL.key}=${ACCOUNT_LABEL.value}`)
  const removals: (() => Promise<void>)[] = []
  for (const contender of ['policy', 'both'] as const)
    removals.push(await applyPolicies(cluster, { namespaces: namespacesOf(contender) }))
  for (const contender of ['policy-label', 'both-label'] as const)
    removals.push(
      await applyPolicies(cluster, { namespaces: namespacesOf(contender), settings: { accountSelector } }),
    )
  // It was there to see the policies at work, and would count as one more.
  for (const namespace of CONTENDERS.flatMap(namespacesOf))
    await cluster.client.send('DELETE', `/api/v1/namespaces/${namespace}/serviceaccounts/policy-probe`)

  const kubeconfigPath = await grantWebhookAccess(cluster, 'none-1')
  const webhook = await startWebhook({
    folder: await mkdtemp(join(cluster.connection.workFolder, 'webhook-')),
    flags: [`--kubeconfig=${kubeconfigPath}`, '--namespace=none-1'],
    nodeOptions: SERVER_NODE_OPTIONS.split(' '),
    logLevel: 'info',
  })
  await webhook.waitUntilReady()
  for (const contender of ['webhook', 'both', 'both-label'] as const)
    for (const namespace of namespacesOf(contender)) {
      await registerWebhook(cluster, webhook, { namespace, failurePolicy: 'Fail' })
      await cluster.client.send(
        'DELETE',
        `/api/v1/namespaces/${namespace}/serviceaccounts/registration-probe`,
      )
    }
  return async () => {
    await webhook.stop()
    for (const remove of removals) await remove()
  }
}
