import t, { type Test } from 'tap'
import { useCluster } from './support/cluster.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { registerWebhook, roleArn } from './support/webhook-registration.ts'
import { annotationSteps, configMapSteps, raceWrites, type Steps } from './support/write-race.ts'

/** As many as the specification asks for. */
const ROUNDS = 2000
/** Eight at once in `cached` give a fifth of the pods the wrong answer: enough to be sure of one. */
const ROUNDS_THAT_SHOW_A_RACE = 300

const LIST_NAME = 'pod-identity-webhook-container-credentials'

const cluster = await useCluster(t)
const { client } = cluster

/** A webhook of this mode that is asked for the pods of its own namespace, and what its pods are made from. */
async function prepare(t: Test, namespace: string, mode: string) {
  const components = ['container-credentials']
  const webhook = await useWebhook(t, cluster, {
    namespace,
    components,
    flags: [
      `--service-account-lookup=${mode}`,
      '--watch-config-map',
      `--container-credentials-config-map=${LIST_NAME}`,
      '--log-level=info',
    ],
  })
  const configMaps = `/api/v1/namespaces/${namespace}/configmaps`
  for (const name of ['pod-identity-webhook', LIST_NAME])
    await client.create(configMaps, { metadata: { name } })
  await webhook.waitUntilReady()
  await registerWebhook(cluster, webhook, { namespace, failurePolicy: 'Fail' })
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  const key = (worker: number, prefix: string) => `${namespace}/${prefix}-${worker}`
  const kinds: Readonly<Record<string, Steps>> = {
    annotated: annotationSteps(client, (worker) => `${accounts}/annotated-${worker}`),
    mapped: configMapSteps(
      client,
      `${configMaps}/pod-identity-webhook`,
      (entries) => {
        const roles = [...entries].map(([worker, round]) => [
          key(worker, 'mapped'),
          { RoleARN: roleArn(`mapped-${round}`) },
        ])
        return { config: JSON.stringify(Object.fromEntries(roles)) }
      },
      (round) => roleArn(`mapped-${round}`),
    ),
    listed: configMapSteps(
      client,
      `${configMaps}/${LIST_NAME}`,
      (entries) => {
        const identities = [...entries.keys()].map((worker) => ({
          namespace,
          serviceAccount: `listed-${worker}`,
        }))
        return { 'config.json': JSON.stringify({ identities }) }
      },
      () => 'container credentials',
    ),
  }
  for (const kind of Object.keys(kinds))
    for (let worker = 0; worker < 8; worker++)
      await client.create(accounts, { metadata: { name: `${kind}-${worker}` } })
  return {
    webhook,
    kinds,
    race: (kind: string, steps: Steps, workers: number, rounds: number) =>
      raceWrites({
        creator: client,
        namespace,
        workers,
        rounds,
        accountOf: (worker) => `${kind}-${worker}`,
        steps,
      }),
  }
}

t.test('fresh: the pod of the next request has what was written', async (t) => {
  const { kinds, race, webhook } = await prepare(t, 'read-your-writes', 'fresh')
  for (const [kind, steps] of Object.entries(kinds)) {
    for (const workers of [1, 8]) {
      const { podCount, wrong } = await race(kind, steps, workers, ROUNDS)
      t.comment(`${kind}, ${workers} at once: ${wrong.length} of ${podCount} wrong`)
      t.strictSame(wrong.slice(0, 5), [], `${kind}, ${workers} at once`)
    }
  }
  const metrics = await webhook.scrapeMetrics()
  const lines = metrics
    .split('\n')
    .filter((line) => /^pod_identity_webhook_[a-z_]*lookup[a-z_]*_total/.test(line))
  for (const line of lines) t.comment(line)
})

t.test('cached: some pods have what was there before, so this test can fail', async (t) => {
  const { kinds, race } = await prepare(t, 'read-what-was', 'cached')
  for (const [kind, steps] of Object.entries(kinds)) {
    const { podCount, wrong } = await race(kind, steps, 8, ROUNDS_THAT_SHOW_A_RACE)
    t.comment(`${kind}: ${wrong.length} of ${podCount} wrong`)
    t.not(wrong.length, 0, kind)
  }
})
