import type { V1Pod } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { type ApiServerProxy, type ProxyFault, startApiServerProxy } from './support/api-server-proxy.ts'
import { useCluster } from './support/cluster.ts'
import { findIdentity, WEB_IDENTITY } from './support/pod-credentials.ts'
import { readMetric, type Webhook } from './support/webhook.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, registerWebhook, roleArn } from './support/webhook-registration.ts'

const POD_COUNT = 100

const cluster = await useCluster(t)
const isAccountGet = (path: string) => /\/serviceaccounts\/[^/?]+$/.test(path)

/**
 * A webhook that reaches the API server by a proxy. Pods of its namespace are refused where it takes over 2 seconds, the
 * least over one and a half that an API server can be told.
 */
async function prepare(t: Test, namespace: string) {
  const proxy = await startApiServerProxy(cluster.connection)
  t.teardown(() => proxy.close())
  const webhook = await useWebhook(t, cluster, { namespace, connection: proxy })
  await webhook.waitUntilReady()
  await registerWebhook(cluster, webhook, { namespace, failurePolicy: 'Fail', timeoutSeconds: 2 })
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  const createAccount = (name: string) =>
    cluster.client.create(accounts, {
      metadata: { name, annotations: { 'eks.amazonaws.com/role-arn': roleArn(name) } },
    })
  const createPod = async (name: string, index = 0) => {
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
    const { status, body, warnings } = await cluster.client.send(
      'POST',
      path,
      describePod(`pod-${index}`, name),
    )
    return { status, role: findIdentity(body as V1Pod, WEB_IDENTITY), warnings }
  }
  await createAccount('known')
  const isKnown = { role: roleArn('known') }
  t.match(await createPod('known'), isKnown)
  return { proxy, webhook, createAccount, createPod }
}

async function createPods(
  { proxy, webhook, createPod }: Awaited<ReturnType<typeof prepare>>,
  fault: ApiServerProxy['fault'],
) {
  const before = await countLookups(webhook)
  proxy.paths.length = 0
  proxy.fault = fault
  const pods = await Promise.all(Array.from({ length: POD_COUNT }, (_, index) => createPod('known', index)))
  proxy.fault = () => undefined
  const after = await countLookups(webhook)
  return {
    roles: [...new Set(pods.map(({ status, role }) => `${status} ${role}`))],
    counts: Object.fromEntries(
      Object.entries(after).map(([result, count]) => [result, count - (before[result] ?? 0)]),
    ),
    gets: proxy.paths.filter(isAccountGet).length,
  }
}

async function countLookups(webhook: Webhook): Promise<Record<string, number>> {
  const metrics = await webhook.scrapeMetrics()
  const results = ['fetched', 'absent', 'late', 'refused', 'paused', 'busy', 'failed', 'unavailable']
  const name = 'pod_identity_webhook_account_lookups_total'
  return Object.fromEntries(results.map((result) => [result, readMetric(metrics, name, { result })]))
}

const FAULTS: readonly (readonly [title: string, fault: ProxyFault, results: readonly string[]])[] = [
  ['is slow', { kind: 'slow', delayMs: 1000 }, ['late']],
  ['asks to be left alone', { kind: 'refuse', status: 429, retryAfterSeconds: 30 }, ['refused', 'paused']],
  ['fails', { kind: 'refuse', status: 500 }, ['refused', 'paused']],
  ['answers with a page', { kind: 'answer', body: '<html>welcome</html>' }, ['failed']],
  ['answers with another object', { kind: 'answer', body: '{"metadata":{"name":"x"}}' }, ['failed']],
  ['cuts connections', { kind: 'cut' }, ['failed']],
]

for (const [index, [title, fault, results]] of FAULTS.entries()) {
  t.test(`the API server ${title}: each review is answered in time, from memory, and counted`, async (t) => {
    const scene = await prepare(t, `api-server-faults-${index}`)
    const { roles, counts, gets } = await createPods(scene, (path) =>
      isAccountGet(path) ? fault : undefined,
    )
    t.strictSame(roles, [`201 ${roleArn('known')}`])
    const counted = results.reduce((sum, result) => sum + (counts[result] ?? 0), 0)
    t.equal(counted, POD_COUNT, JSON.stringify(counts))
    if (results.includes('paused')) t.ok(gets <= 2, `asked ${gets} times after it refused`)
    const lines = scene.webhook.lines.filter(({ msg }) => /could not be read for a pod/.test(msg))
    t.ok(lines.length >= 1 && lines.length <= results.length, `${lines.length} lines`)
    t.notMatch(JSON.stringify(lines), /welcome/)
  })
}

t.test(
  'the API server is gone for the webhook: what it knew counts, what it never heard of is warned about',
  async (t) => {
    const scene = await prepare(t, 'api-server-gone')
    const gone = () => ({ kind: 'cut' }) as const
    scene.proxy.fault = gone
    scene.proxy.cutConnections()
    const { roles, counts } = await createPods(scene, gone)
    t.strictSame(roles, [`201 ${roleArn('known')}`])
    t.equal(counts['failed'], POD_COUNT, JSON.stringify(counts))
    scene.proxy.fault = gone
    scene.proxy.cutConnections()
    await scene.createAccount('unheard-of')
    const pod = await scene.createPod('unheard-of')
    t.match(pod, { status: 201, role: undefined, warnings: [/could not be looked up/] })
    scene.proxy.fault = () => undefined
    t.match(await scene.createPod('unheard-of'), { status: 201, role: roleArn('unheard-of') })
  },
)
