import type { V1Pod } from '@kubernetes/client-node'
import t from 'tap'
import { findTokenSource, WEB_IDENTITY } from '../cluster/support/pod-credentials.ts'
import { roleArn } from '../cluster/support/webhook-registration.ts'
import { type ChartValues, openHelm } from '../support/helm.ts'
import { listReplicas, waitUntilGone } from './support/installed-webhook.ts'
import { useNode } from './support/real-node.ts'
import { runOnce } from './support/workload.ts'

const RELEASE = 'pod-identity-webhook'
const WEBHOOK_NAMESPACE = 'aws-identities'
const NAMESPACE = 'charted'

t.setTimeout(900_000)
const node = await useNode(t)
const helm = await openHelm(t.testdir(), (line) => t.comment(line), node.controlPlane.adminKubeconfigPath)
await node.cluster.createNamespace(NAMESPACE)
t.teardown(() => node.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']))
const scope = `--namespace=${NAMESPACE}`
const [, repository = '', tag = ''] = /^(.*):(.*)$/.exec(node.images.webhook) ?? []
const image = { repository, tag }

async function runHelm(command: readonly string[], values: ChartValues): Promise<void> {
  const wait = ['--wait', '--timeout=90s', `--namespace=${WEBHOOK_NAMESPACE}`]
  const { exitCode, stderr } = await helm.runWithChart([...command, ...wait], values)
  if (exitCode !== 0) throw new Error(`helm ${command.join(' ')}: ${stderr}`)
}

/** Runs a pod that asks STS who it is; gives that, and for how long its token is. */
async function askIdentity(name: string) {
  const workload = { serviceAccount: 'cart', image: node.images.app, args: ['once'] }
  const { output } = await runOnce(node, NAMESPACE, name, workload)
  const pod = await node.cluster.client.get<V1Pod>(`/api/v1/namespaces/${NAMESPACE}/pods/${name}`)
  return {
    answer: JSON.parse(output) as unknown,
    expirationSeconds: findTokenSource(pod, WEB_IDENTITY)?.expirationSeconds,
  }
}

t.test('helm install, and helm is done when the webhook serves', async (t) => {
  await runHelm(['install', RELEASE, '--create-namespace'], { image })
  await node.kubectl(['create', 'serviceaccount', 'cart', scope])
  await node.kubectl([
    ...['annotate', 'serviceaccount', 'cart', scope],
    `eks.amazonaws.com/role-arn=${roleArn('cart')}`,
  ])
  t.match(await askIdentity('installed'), {
    answer: { arn: /assumed-role\/cart\// },
    expirationSeconds: 86_400,
  })
})

t.test('helm upgrade: new replicas with the new settings, and the CA stays', async (t) => {
  const readCa = ['get', 'secret', RELEASE, `--namespace=${WEBHOOK_NAMESPACE}`, '--output=jsonpath={.data}']
  const before = await node.kubectl(readCa)
  t.match(before, /tls\.key/)
  const replicas = await listReplicas(node, WEBHOOK_NAMESPACE)
  await runHelm(['upgrade', RELEASE], { image, replicas: 3, extraArgs: ['--token-expiration=3600'] })
  t.equal(await node.kubectl(readCa), before)
  await waitUntilGone(node, replicas, WEBHOOK_NAMESPACE)
  t.match(await askIdentity('upgraded'), { answer: { arn: /assumed-role\/cart\// }, expirationSeconds: 3600 })
})

t.test('helm uninstall: pods are created as if it had never been there', async (t) => {
  const uninstall = ['uninstall', RELEASE, `--namespace=${WEBHOOK_NAMESPACE}`, '--wait', '--timeout=90s']
  t.match(await helm.run(uninstall), { exitCode: 0 })
  t.match(await askIdentity('left'), { answer: { error: 'CredentialsProviderError' } })
  await node.kubectl(['delete', 'namespace', WEBHOOK_NAMESPACE, '--wait=false'])
})
