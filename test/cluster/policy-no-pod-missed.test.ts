import t, { type Test } from 'tap'
import { type Cluster, openCluster } from './support/cluster.ts'
import { startControlPlane } from './support/control-plane.ts'
import { findControlPlaneBinaries } from './support/control-plane-binaries.ts'
import { createEventTable } from './support/event-table.ts'
import { type PodStream, startPodStream } from './support/pod-stream.ts'
import { usePolicies, waitForRole } from './support/policy-fixture.ts'
import { openScene } from './support/scene.ts'
import { roleArn, waitUntilCalled } from './support/webhook-registration.ts'

const NAMESPACE = 'no-pod-missed'
const PODS_PER_SECOND = 30
const ACCOUNTS = ['cart', 'shop', 'till'] as const
/** Five seconds of pods between two events. */
const PODS_BETWEEN = 150

const skip = process.getuid?.() === 0 ? false : 'to listen on port 443 of the Service takes root'

t.setTimeout(280_000)
// As in no-pod-missed.test.ts: what an API server that went away has left is not freed.
process.once('beforeExit', () => process.exit())

/** A policy that has seen the ServiceAccounts: it believes a watch, so what was written a moment ago is not its part. */
async function prepare(t: Test, cluster: Cluster): Promise<void> {
  await cluster.createNamespace(NAMESPACE)
  await usePolicies(t, cluster, { namespaces: [NAMESPACE] })
  for (const name of ACCOUNTS) {
    const annotations = { 'eks.amazonaws.com/role-arn': roleArn(name) }
    await cluster.client.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
      metadata: { name, annotations },
    })
    await waitForRole(cluster.client, NAMESPACE, name, roleArn(name))
  }
}

interface StreamEvent {
  readonly name: string
  happen(stream: PodStream): Promise<void>
}

/** Creates pods while the events happen, and expects each pod to be created with its credentials. */
async function runThrough(t: Test, cluster: Cluster, events: readonly StreamEvent[]): Promise<void> {
  const stream = startPodStream(cluster.connection, {
    namespace: NAMESPACE,
    podsPerSecond: PODS_PER_SECOND,
    accounts: ACCOUNTS,
  })
  t.teardown(() => stream.stop())
  const table = createEventTable(() => stream.tally)
  table.note('pods are created')
  for (const event of events) {
    await stream.waitForMore(PODS_BETWEEN)
    table.note(event.name)
    await event.happen(stream)
    table.note('over')
  }
  await stream.waitForMore(PODS_BETWEEN)
  await stream.stop()
  // For people: the reporter keeps comments to itself.
  process.stderr.write(`${[t.name, ...table.render()].join('\n  ')}\n`)
  t.match(stream.tally, { withoutCredentials: 0, refusedByWebhook: 0, failed: 0 }, stream.failures[0] ?? '')
}

t.test(
  'policy beneath the webhook: no pod is missed or refused while every replica is gone',
  { skip },
  async (t) => {
    const scene = await openScene(t, ['--in-cluster=true'], { failurePolicy: 'Ignore' })
    const { cluster, installation } = scene
    await installation.register()
    await cluster.createNamespace('probe')
    await waitUntilCalled(cluster, 'probe')
    await prepare(t, cluster)
    await runThrough(t, cluster, [
      { name: 'all replicas are killed', happen: () => scene.killReplicas() },
      { name: 'a replica comes back', happen: () => scene.addReplica() },
    ])
  },
)

t.test('policy alone: no pod is missed while the API server restarts', async (t) => {
  const binaries = await findControlPlaneBinaries(process.env, (line) => t.comment(line))
  const controlPlane = await startControlPlane(binaries, { hasControllers: false })
  const cluster = openCluster(controlPlane.connection)
  t.teardown(async () => {
    cluster.close()
    await controlPlane.stop()
  })
  await prepare(t, cluster)
  const restart: StreamEvent = {
    name: 'the API server restarts',
    async happen() {
      await controlPlane.stopApiServer()
      await controlPlane.startApiServer()
    },
  }
  await runThrough(t, cluster, [restart, restart])
})
