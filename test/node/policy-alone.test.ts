import type { V1NamespaceList, V1PodList } from '@kubernetes/client-node'
import t from 'tap'
import { runMake } from '../cluster/support/make-command.ts'
import { waitForRole } from '../cluster/support/policy-fixture.ts'
import { roleArn } from '../cluster/support/webhook-registration.ts'
import { WEBHOOK_NAMESPACE } from './support/installed-webhook.ts'
import { useNode } from './support/real-node.ts'
import { runOnce } from './support/workload.ts'

const NAMESPACE = 'policy-alone'
const ASSUMED = /^arn:aws:sts::123456789012:assumed-role\/cart\//

t.setTimeout(300_000)
const node = await useNode(t)
const { cluster } = node

t.teardown(async () => {
  const down = await runMake(cluster, 'cluster-down', {})
  if (down.exitCode !== 0) throw new Error(down.stderr)
})
const up = await runMake(cluster, 'cluster-up', { MODE: 'policy' })
if (up.exitCode !== 0) throw new Error(up.stderr)
await cluster.createNamespace(NAMESPACE)
t.teardown(() => node.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']))
const scope = `--namespace=${NAMESPACE}`
await node.kubectl(['create', 'serviceaccount', 'cart', scope])
await node.kubectl([
  ...['annotate', 'serviceaccount', 'cart', scope],
  `eks.amazonaws.com/role-arn=${roleArn('cart')}`,
])
await waitForRole(cluster.client, NAMESPACE, 'cart', roleArn('cart'))

t.test('nothing of ours runs in the cluster', async (t) => {
  const namespaces = await cluster.client.get<V1NamespaceList>('/api/v1/namespaces')
  t.notOk(namespaces.items.some(({ metadata }) => metadata?.name === WEBHOOK_NAMESPACE))
  const pods = await cluster.client.get<V1PodList>('/api/v1/pods')
  const images = pods.items.flatMap(({ spec }) => spec?.containers.map(({ image }) => image) ?? [])
  t.notOk(images.includes(node.images.webhook), images.join(', '))
  const configurations = await node.kubectl(['get', 'mutatingwebhookconfigurations', '--output=name'])
  t.equal(configurations, '')
})

t.test('the AWS SDK for JavaScript takes the role', async (t) => {
  const workload = { serviceAccount: 'cart', image: node.images.app, args: ['once'] }
  const { phase, output } = await runOnce(node, NAMESPACE, 'javascript', workload)
  t.equal(phase, 'Succeeded', output)
  t.match(JSON.parse(output), { arn: ASSUMED })
})

t.test('boto3 takes the role', async (t) => {
  const script = 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])'
  const workload = { serviceAccount: 'cart', image: node.images.python, args: ['-c', script] }
  t.match(await runOnce(node, NAMESPACE, 'boto3', workload), { phase: 'Succeeded', output: ASSUMED })
})

t.test('the pod of an account without the annotation gets nothing', async (t) => {
  const workload = { serviceAccount: 'default', image: node.images.app, args: ['once'] }
  const { phase, output } = await runOnce(node, NAMESPACE, 'plain', workload)
  t.equal(phase, 'Failed')
  t.match(JSON.parse(output), { error: 'CredentialsProviderError' })
})
