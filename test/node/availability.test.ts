import type { V1PodList } from '@kubernetes/client-node'
import t from 'tap'
import { poll } from '../cluster/support/daemon.ts'
import { startPodStream } from '../cluster/support/pod-stream.ts'
import { waitUntilCalled } from '../cluster/support/webhook-registration.ts'
import {
  installWebhook,
  listReplicas,
  WEBHOOK_NAMESPACE,
  waitUntilGone,
} from './support/installed-webhook.ts'
import { useNode } from './support/real-node.ts'
import { describeDeployment, readFirstLine } from './support/workload.ts'

const NAMESPACE = 'open'
const PODS_PER_SECOND = 20
const RESTART_TIMEOUT_MS = 90_000

t.setTimeout(300_000)
const node = await useNode(t)
await installWebhook(t, node)
await node.cluster.createNamespace(NAMESPACE)
t.teardown(() => node.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']))
await waitUntilCalled(node.cluster, NAMESPACE)
const scope = `--namespace=${NAMESPACE}`
const webhookScope = `--namespace=${WEBHOOK_NAMESPACE}`

t.test('no pod is missed while the webhook is rolled out anew', async (t) => {
  const stream = startPodStream(node.cluster.connection, {
    namespace: NAMESPACE,
    podsPerSecond: PODS_PER_SECOND,
    isGated: true,
  })
  t.teardown(() => stream.stop())
  await stream.waitForCount(2 * PODS_PER_SECOND)
  const before = await listReplicas(node)
  await node.kubectl(['rollout', 'restart', 'deployment/pod-identity-webhook', webhookScope])
  await node.kubectl(['rollout', 'status', 'deployment/pod-identity-webhook', webhookScope, '--timeout=120s'])
  await waitUntilGone(node, before)
  await stream.waitForMore(2 * PODS_PER_SECOND)
  await stream.stop()
  t.strictSame(
    (await listReplicas(node)).filter((name) => before.includes(name)),
    [],
    'all replicas are new ones',
  )
  t.match(stream.tally, { withoutCredentials: 0, refusedByWebhook: 0, failed: 0 }, stream.failures[0] ?? '')
  t.ok(stream.tally.created >= 4 * PODS_PER_SECOND)
})

t.test('after the node lost its power, webhook and pods are back by themselves', async (t) => {
  const name = 'restarted'
  const arn = `eks.amazonaws.com/role-arn=arn:aws:iam::123456789012:role/${name}`
  await node.kubectl(['create', 'serviceaccount', name, scope])
  await node.kubectl(['annotate', 'serviceaccount', name, scope, arn])
  const workload = { serviceAccount: name, image: node.images.app }
  await node.kubectl(['apply', scope, '--filename=-'], describeDeployment(node, name, workload))
  const expected = { arn: new RegExp(`assumed-role/${name}/`) }
  t.match(JSON.parse(await readFirstLine(node, NAMESPACE, `deployment/${name}`)), expected)

  await node.cutPower()
  t.equal(node.daemons.kubelet.readPid(), undefined)
  await node.boot()
  await waitUntilRestarted(WEBHOOK_NAMESPACE)
  await waitUntilRestarted(NAMESPACE, `app=${name}`)
  t.match(JSON.parse(await readFirstLine(node, NAMESPACE, `deployment/${name}`)), expected)
  await node.kubectl(['delete', 'pod', scope, `--selector=app=${name}`])
  await node.kubectl(['rollout', 'status', `deployment/${name}`, scope, '--timeout=60s'])
  t.match(JSON.parse(await readFirstLine(node, NAMESPACE, `deployment/${name}`)), expected, 'new pods too')
})

/** Resolves once every pod runs in its second life. */
async function waitUntilRestarted(namespace: string, selector = ''): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`
  const isRestarted = await poll(async () => {
    const { items } = await node.cluster.client.get<V1PodList>(path)
    const statuses = items.flatMap(({ status }) => status?.containerStatuses ?? [])
    const isSo = statuses.every(({ ready, restartCount }) => ready && restartCount > 0)
    return (statuses.length > 0 && isSo) || undefined
  }, RESTART_TIMEOUT_MS)
  if (!isRestarted) throw new Error(await node.kubectl(['describe', 'pods', `--namespace=${namespace}`]))
}
