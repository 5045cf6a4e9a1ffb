import t from 'tap'
import { installWebhook, WEBHOOK_NAMESPACE } from './support/installed-webhook.ts'
import { useNode } from './support/real-node.ts'
import { describeDeployment, readFirstLine, runOnce } from './support/workload.ts'

const NAMESPACE = 'shop'
const ROLE_ARN = 'arn:aws:iam::123456789012:role/cart'
const ASSUMED = /^arn:aws:sts::123456789012:assumed-role\/cart\//

t.setTimeout(300_000)
const node = await useNode(t)
await installWebhook(t, node)
await node.cluster.createNamespace(NAMESPACE)
t.teardown(() => node.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']))
const scope = `--namespace=${NAMESPACE}`

t.test('make cluster-up has two replicas of the image on the node', async (t) => {
  const template =
    '{range .items[*]}{.spec.nodeName} {.status.conditions[?(@.type=="Ready")].status} {.spec.containers[0].image}{"\\n"}{end}'
  const pods = await node.kubectl([
    'get',
    'pods',
    `--namespace=${WEBHOOK_NAMESPACE}`,
    `--output=jsonpath=${template}`,
  ])
  t.equal(pods, `${node.place.nodeName} True ${node.images.webhook}\n`.repeat(2))
})

t.test(
  'annotate, deploy: the pod takes its role, by a token that verifies with the published keys',
  async (t) => {
    await node.kubectl(['create', 'serviceaccount', 'cart', scope])
    await node.kubectl([
      'annotate',
      'serviceaccount',
      'cart',
      scope,
      `eks.amazonaws.com/role-arn=${ROLE_ARN}`,
    ])
    const deployment = describeDeployment(node, 'cart', { serviceAccount: 'cart', image: node.images.app })
    await node.kubectl(['apply', scope, '--filename=-'], deployment)
    await node.kubectl(['rollout', 'status', 'deployment/cart', scope, '--timeout=60s'])
    t.match(JSON.parse(await readFirstLine(node, NAMESPACE, 'deployment/cart')), { arn: ASSUMED })
  },
)

t.test('the pod of an account without the annotation gets nothing', async (t) => {
  const workload = { serviceAccount: 'default', image: node.images.app, args: ['once'] }
  const { phase, output } = await runOnce(node, NAMESPACE, 'plain', workload)
  t.equal(phase, 'Failed')
  t.match(JSON.parse(output), { error: 'CredentialsProviderError' })
})

t.test('boto3 takes the role', async (t) => {
  const script = 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])'
  const workload = { serviceAccount: 'cart', image: node.images.python, args: ['-c', script] }
  t.match(await runOnce(node, NAMESPACE, 'boto3', workload), { phase: 'Succeeded', output: ASSUMED })
})

t.test('the AWS CLI takes the role', async (t) => {
  const args = ['-m', 'awscli', 'sts', 'get-caller-identity', '--query=Arn', '--output=text']
  const workload = { serviceAccount: 'cart', image: node.images.python, args }
  t.match(await runOnce(node, NAMESPACE, 'aws-cli', workload), { phase: 'Succeeded', output: ASSUMED })
})
