import t from 'tap'
import { useCluster } from './support/cluster.ts'
import { usePolicies } from './support/policy-fixture.ts'
import { openRaceScene } from './support/race-scene.ts'
import { readMetric } from './support/webhook.ts'
import { annotationSteps, raceWrites } from './support/write-race.ts'

/** Each round annotates, changes and removes. */
/** Of three pods each: over 2,000 pods. RACE_ROUNDS=2000 takes a minute and a half. */
const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 700)
const ROUNDS_THAT_SHOW_A_RACE = 100

t.setTimeout(290_000)

const cluster = await useCluster(t)
const { client } = cluster

t.test('policy beneath the webhook: a pod has the role that was written by the request before', async (t) => {
  const scene = await openRaceScene(t, cluster, {
    namespace: 'race-both',
    mode: 'fresh',
    hasPolicy: true,
    kinds: ['annotated'],
  })
  for (const workers of [1, 8]) {
    const { podCount, wrong } = await scene.race('annotated', { workers, rounds: ROUNDS })
    t.equal(podCount, 3 * ROUNDS)
    t.strictSame(wrong.slice(0, 5), [], `${wrong.length} wrong, ${workers} at once`)
  }
  const metrics = await scene.webhook.scrapeMetrics()
  for (const reason of ['injected_by_policy', 'policy_put_right', 'policy_taken_out'])
    t.ok(readMetric(metrics, 'pod_identity_webhook_decisions_total', { reason }) > 0, reason)
})

t.test('policy alone: some pods have what was there before, so this test can fail', async (t) => {
  const namespace = 'race-policy'
  await cluster.createNamespace(namespace)
  await usePolicies(t, cluster, { namespaces: [namespace] })
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  const accountOf = (worker: number) => `annotated-${worker}`
  for (let worker = 0; worker < 8; worker++)
    await client.create(accounts, { metadata: { name: accountOf(worker) } })
  const { podCount, wrong } = await raceWrites({
    creator: client,
    namespace,
    workers: 8,
    rounds: ROUNDS_THAT_SHOW_A_RACE,
    accountOf,
    steps: annotationSteps(client, (worker) => `${accounts}/${accountOf(worker)}`),
  })
  process.stderr.write(`policy alone, 8 at once: ${wrong.length} of ${podCount} wrong\n`)
  t.not(wrong.length, 0)
})
