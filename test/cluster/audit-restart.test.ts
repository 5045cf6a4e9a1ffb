import type { V1Deployment, V1PodList } from '@kubernetes/client-node'
import t from 'tap'
import { runAudit } from './support/audit-run.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { findIdentity, WEB_IDENTITY } from './support/pod-credentials.ts'
import { keepPodsReady } from './support/ready-pods.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, registerWebhook, roleArn } from './support/webhook-registration.ts'

const TIMEOUT_MS = 30_000
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const NODE = 'audit-node'

const cluster = await useCluster(t)
const { client } = cluster
const webhook = await useWebhook(t, cluster, { namespace: 'audit-restart' })
await webhook.waitUntilReady()
await client.create('/api/v1/nodes', { metadata: { name: NODE } })
t.teardown(() => client.send('DELETE', `/api/v1/nodes/${NODE}`))

t.test(
  'a Deployment, a StatefulSet and a DaemonSet get their credentials; a bare pod is named',
  async (t) => {
    const namespace = 'mended'
    await openNamespace(namespace)
    const kubelet = keepPodsReady(cluster, namespace, () => false)
    t.teardown(() => kubelet.close())
    await createWorkload(namespace, 'deployments', 'cart', { replicas: 2 })
    await createWorkload(namespace, 'statefulsets', 'orders', { replicas: 2, serviceName: 'orders' })
    await createWorkload(namespace, 'daemonsets', 'logs', {})
    await client.create(`/api/v1/namespaces/${namespace}/pods`, describePod('bare', 'cart'))
    await waitForPods(namespace, 6)
    await registerOwn(namespace)

    const before = await runAudit(cluster, ['-n', namespace])
    t.strictSame(withoutAccounts(before.rows), [
      `missed ${namespace}/DaemonSet/logs 1`,
      `missed ${namespace}/Deployment/cart 2`,
      `missed ${namespace}/Pod/bare 1`,
      `missed ${namespace}/StatefulSet/orders 2`,
    ])

    const dry = await runAudit(cluster, ['-n', namespace, '--restart', '--dry-run'])
    t.match(dry.stderr, /would restart Deployment mended\/cart/)
    t.equal(dry.exitCode, 1)
    t.equal((await listIdentities(namespace)).size, 1, 'a dry run touches nothing')

    const run = await runAudit(cluster, ['-n', namespace, '--restart'])
    t.match(run.stderr, /mended\/Pod\/bare/)
    for (const name of ['Deployment mended/cart', 'StatefulSet mended/orders', 'DaemonSet mended/logs'])
      t.match(run.stderr, `restarted ${name}`)

    const after = await runAudit(cluster, ['-n', namespace])
    t.strictSame(withoutAccounts(after.rows), [`missed ${namespace}/Pod/bare 1`])
    t.strictSame(await listIdentities(namespace), new Set([undefined, roleArn('cart')]))
  },
)

t.test('the first that does not come up is the last that is touched', async (t) => {
  const namespace = 'not-mended'
  await openNamespace(namespace)
  const kubelet = keepPodsReady(
    cluster,
    namespace,
    ({ metadata, spec }) =>
      metadata?.labels?.['app'] === 'broken' && (spec?.containers[0]?.env ?? []).length > 0,
  )
  t.teardown(() => kubelet.close())
  await createWorkload(namespace, 'deployments', 'broken', { replicas: 1, progressDeadlineSeconds: 3 })
  await createWorkload(namespace, 'deployments', 'later', { replicas: 1 })
  await waitForPods(namespace, 2)
  await registerOwn(namespace)

  const { exitCode, stderr } = await runAudit(cluster, ['-n', namespace, '--restart'])
  t.equal(exitCode, 1)
  t.match(stderr, /Deployment not-mended\/broken does not come up/)
  t.notMatch(stderr, /restarted Deployment/)
  const later = await client.get<V1Deployment>(`/apis/apps/v1/namespaces/${namespace}/deployments/later`)
  t.equal(later.spec?.template.metadata?.annotations, undefined, 'what comes after is left as it is')
})

async function openNamespace(namespace: string): Promise<void> {
  await cluster.createNamespace(namespace)
  await client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
    metadata: { name: 'cart', annotations: { 'eks.amazonaws.com/role-arn': roleArn('cart') } },
  })
}

async function createWorkload(
  namespace: string,
  resource: 'deployments' | 'statefulsets' | 'daemonsets',
  name: string,
  spec: object,
): Promise<void> {
  const labels = { app: name }
  // The node has no kubelet, and is tainted for that.
  const tolerations = [{ operator: 'Exists' }]
  const template = { metadata: { labels }, spec: { ...describePod(name, 'cart').spec, tolerations } }
  await client.create(`/apis/apps/v1/namespaces/${namespace}/${resource}`, {
    metadata: { name },
    spec: { ...spec, selector: { matchLabels: labels }, template },
  })
}

async function listPods(namespace: string) {
  const { items } = await client.get<V1PodList>(`/api/v1/namespaces/${namespace}/pods`)
  return items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
}

async function listIdentities(namespace: string): Promise<ReadonlySet<string | undefined>> {
  return new Set((await listPods(namespace)).map((pod) => findIdentity(pod, WEB_IDENTITY)))
}

async function waitForPods(namespace: string, count: number): Promise<void> {
  const made = await poll(async () => {
    const pods = await listPods(namespace)
    const areReady = pods.every(({ status }) => status?.phase === 'Running')
    return (pods.length === count && areReady) || undefined
  }, TIMEOUT_MS)
  if (!made) {
    const seen = (await listPods(namespace)).map(
      ({ metadata, status }) => `${metadata?.name} ${status?.phase}`,
    )
    throw new Error(`${namespace}: there are no ${count} pods that run, but ${seen.join(', ')}`)
  }
}

/** Only now: the pods before it were missed. It bears the label by which it is found, as it is deployed with. */
async function registerOwn(namespace: string): Promise<void> {
  await registerWebhook(cluster, webhook, { namespace, failurePolicy: 'Fail' })
  const { items } = await client.get<{ items: { metadata: { name: string } }[] }>(CONFIGURATIONS)
  for (const { metadata } of items)
    await client.send(
      'PATCH',
      `${CONFIGURATIONS}/${metadata.name}`,
      {
        metadata: {
          labels: { 'app.kubernetes.io/name': metadata.name === namespace ? 'pod-identity-webhook' : null },
        },
      },
      'application/merge-patch+json',
    )
}

function withoutAccounts(rows: readonly string[]): readonly string[] {
  return rows.filter((row) => !row.includes('/ServiceAccount/'))
}
