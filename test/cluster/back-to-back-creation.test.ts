import type { V1Pod } from '@kubernetes/client-node'
import t from 'tap'
import { useCluster } from './support/cluster.ts'
import { findIdentity, WEB_IDENTITY } from './support/pod-credentials.ts'
import { readMetric } from './support/webhook.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, registerWebhook, roleArn } from './support/webhook-registration.ts'

/** Pairs created at once: enough that pods overtake the watch, few enough that two cores keep up. */
const WORKERS = 8

const cluster = await useCluster(t)
const webhook = await useWebhook(t, cluster, { namespace: 'back-to-back' })
await webhook.waitUntilReady()

for (const { failurePolicy, pairs } of [
  { failurePolicy: 'Fail', pairs: 1000 },
  // Ignore admits a pod that the webhook failed on: what Fail would refuse shows here as a pod without credentials.
  { failurePolicy: 'Ignore', pairs: 200 },
] as const) {
  t.test(`${pairs} times a ServiceAccount and at once its pod, failurePolicy ${failurePolicy}`, async (t) => {
    const namespace = `back-to-back-${failurePolicy.toLowerCase()}`
    await cluster.createNamespace(namespace)
    await registerWebhook(cluster, webhook, { namespace, failurePolicy })
    const before = await webhook.scrapeMetrics()

    const names = Array.from({ length: pairs }, (_, index) => `account-${index}`)
    const tally = { withCredentials: 0, withoutCredentials: [] as string[], refused: [] as string[] }
    const createPairs = async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        await cluster.client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
          metadata: { name, annotations: { 'eks.amazonaws.com/role-arn': roleArn(name) } },
        })
        const answer = await cluster.client.send(
          'POST',
          `/api/v1/namespaces/${namespace}/pods`,
          describePod(name, name),
        )
        if (answer.status !== 201) tally.refused.push(`${name}: ${JSON.stringify(answer.body)}`)
        else if (findIdentity(answer.body as V1Pod, WEB_IDENTITY) === roleArn(name)) tally.withCredentials++
        else tally.withoutCredentials.push(name)
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, createPairs))

    const after = await webhook.scrapeMetrics()
    const lookups = (result: string) =>
      [after, before]
        .map((metrics) => readMetric(metrics, 'pod_identity_webhook_account_lookups_total', { result }))
        .reduce((now, then) => now - then)
    t.comment(`answered from memory ${lookups('memory')}, after a GET ${lookups('fetched')}`)
    t.strictSame(tally, { withCredentials: pairs, withoutCredentials: [], refused: [] })
    t.equal(lookups('absent') + lookups('unavailable'), 0, 'no lookup came back empty')
  })
}
