import { readFile } from 'node:fs/promises'
import type { V1Pod } from '@kubernetes/client-node'
import t from 'tap'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { findIdentity, WEB_IDENTITY } from './support/pod-credentials.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, registerWebhook, roleArn, WEBHOOK_NAME } from './support/webhook-registration.ts'

const NAMESPACE = 'admission-request'
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`
const EVENT_TIMEOUT_MS = 10_000

const cluster = await useCluster(t)
const webhook = await useWebhook(t, cluster, { namespace: NAMESPACE })
await webhook.waitUntilReady()
await registerWebhook(cluster, webhook, { namespace: NAMESPACE, failurePolicy: 'Fail' })
await cluster.client.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
  metadata: { name: 'cart', annotations: { 'eks.amazonaws.com/role-arn': roleArn('cart') } },
})

t.test('a dry run gets the same answer and leaves nothing behind', async (t) => {
  const pod = await cluster.client.create<V1Pod>(`${PODS}?dryRun=All`, describePod('dry', 'cart'))
  t.equal(findIdentity(pod, WEB_IDENTITY), roleArn('cart'))
  t.equal((await cluster.client.send('GET', `${PODS}/dry`)).status, 404)
  t.match(await waitForLine('dry'), { outcome: 'mutated', dryRun: true })
})

t.test('a pod with a generated name is known by its generateName', async (t) => {
  const { metadata: _, ...pod } = describePod('', 'cart')
  const created = await cluster.client.create<V1Pod>(PODS, { ...pod, metadata: { generateName: 'worker-' } })
  t.match(created.metadata?.name, /^worker-\w{5}$/)
  t.equal(findIdentity(created, WEB_IDENTITY), roleArn('cart'))
  t.match(await waitForLine('worker-'), {
    namespace: NAMESPACE,
    serviceAccount: 'cart',
    dryRun: false,
    level: 'info',
  })
})

t.test('the audit log says why a pod got what it got', async (t) => {
  await cluster.client.create(PODS, describePod('audited', 'cart'))
  await cluster.client.create(PODS, describePod('audited-without-role', 'default'))
  t.match(await waitForAuditAnnotations('audited'), {
    [`${WEBHOOK_NAME}/outcome`]: 'mutated',
    [`${WEBHOOK_NAME}/reason`]: 'role_annotation',
    [`${WEBHOOK_NAME}/role-arn`]: roleArn('cart'),
  })
  t.match(await waitForAuditAnnotations('audited-without-role'), { [`${WEBHOOK_NAME}/reason`]: 'no_role' })
})

t.test('SIGTERM ends the webhook in good order', async (t) => {
  t.strictSame(await webhook.stop(), { code: 0, signal: null })
  t.strictSame(
    webhook.lines.filter(({ level }) => level === 'unparsed' || level === 'error'),
    [],
  )
})

/** The webhook's log line about a pod. */
async function waitForLine(pod: string) {
  return poll(async () => webhook.lines.find((line) => line['pod'] === pod), EVENT_TIMEOUT_MS)
}

/** The annotations of the audit event about the creation of a pod. */
async function waitForAuditAnnotations(name: string): Promise<Readonly<Record<string, string>> | undefined> {
  return poll(async () => {
    const log = await readFile(cluster.connection.auditLogPath, 'utf8')
    const line = log.split('\n').find((text) => text.includes(`"name":"${name}"`) && text.includes(NAMESPACE))
    return line === undefined ? undefined : JSON.parse(line).annotations
  }, EVENT_TIMEOUT_MS)
}
