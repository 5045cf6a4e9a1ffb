import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CoreV1EventList } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { poll } from '../cluster/support/daemon.ts'
import { looksLikeToken } from '../cluster/support/issuer-world.ts'
import { ECR_ACCOUNTS, type EcrWay, ecrHost, PULLER_ARN, passwordOf } from './support/ecr-providers.ts'
import { useNode } from './support/real-node.ts'

const NAMESPACE = 'private'
const PULL_TIMEOUT_MS = 60_000
/** The kubelet writes its log every five seconds. */
const LOG_TIMEOUT_MS = 20_000
const PAGE = readFileSync(join(import.meta.dirname, '../../docs/ecr.md'), 'utf8')

t.setTimeout(300_000)
const node = await useNode(t)
await node.cluster.createNamespace(NAMESPACE)
t.teardown(() => node.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']))
const scope = `--namespace=${NAMESPACE}`

/** Creates a pod whose image is in the private registry of a way's account. */
async function createPod(name: string, way: EcrWay, serviceAccountName = 'default'): Promise<void> {
  const image = `${ecrHost(way)}/pause:1`
  const spec = {
    serviceAccountName,
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'app', image, imagePullPolicy: 'Always' }],
  }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }
  await node.kubectl(['apply', scope, '--filename=-'], pod)
}

/** What a user sees of a pod whose image could not be pulled. */
async function waitForRefusal(name: string): Promise<string> {
  const refusal = await poll(async () => {
    const selector = encodeURIComponent(`involvedObject.name=${name},reason=Failed`)
    const path = `/api/v1/namespaces/${NAMESPACE}/events?fieldSelector=${selector}`
    const { items } = await node.cluster.client.get<CoreV1EventList>(path)
    return items.map(({ message = '' }) => message).find((message) => message.includes('Failed to pull'))
  }, PULL_TIMEOUT_MS)
  if (refusal === undefined) throw new Error(await node.kubectl(['describe', 'pod', name, scope]))
  return refusal
}

async function expectRunning(t: Test, name: string): Promise<void> {
  const wait = ['wait', '--for=condition=Ready', `pod/${name}`, scope, '--timeout=60s']
  const { exitCode } = await node.cluster.kubectl(wait)
  t.equal(exitCode, 0, exitCode === 0 ? 'it runs' : await node.kubectl(['describe', 'pod', name, scope]))
}

for (const way of ['keys', 'certificate'] as const) {
  t.test(`a private image is pulled by the node's ${way}`, async (t) => {
    await createPod(way, way)
    await expectRunning(t, way)
  })
}

t.test('a private image is pulled with the role of the ServiceAccount', async (t) => {
  await node.kubectl(['create', 'serviceaccount', 'puller', scope])
  const arn = `eks.amazonaws.com/ecr-role-arn=${PULLER_ARN}`
  await node.kubectl(['annotate', 'serviceaccount', 'puller', scope, arn])
  await createPod('token', 'token', 'puller')
  await expectRunning(t, 'token')
})

interface Refusal {
  readonly way: EcrWay
  readonly account: string
  /** What the kubelet logs, as docs/ecr.md has it; nothing where it had a password. */
  readonly cause?: string
}

const REFUSALS: readonly Refusal[] = [
  { way: 'wrongPassword', account: 'default' },
  { way: 'expired', account: 'default', cause: 'gives no authorization token: ExpiredTokenException' },
  { way: 'down', account: 'default', cause: 'nothing listens there (ECONNREFUSED)' },
  { way: 'token', account: 'default', cause: 'no AWS credentials: no keys in the environment' },
  { way: 'untrusted', account: 'puller', cause: 'failed to assume role: InvalidIdentityToken' },
]

for (const { way, account, cause } of REFUSALS) {
  t.test(`refused (${way}): the event tells of 401, the kubelet's log why`, async (t) => {
    const name = `refused-${way.toLowerCase()}`
    await createPod(name, way, account)
    t.match(await waitForRefusal(name), /: 401 Unauthorized$/)
    if (cause !== undefined) await expectLogged(t, way, cause)
  })
}

t.test('refused where nodes may not ask for tokens of the audience', async (t) => {
  const cause = 'failed to get service account token'
  await node.kubectl(['create', 'serviceaccount', 'unheard', scope])
  await node.kubectl(['delete', 'clusterrolebinding', 'ecr-credential-provider-token-audience'])
  await createPod('unheard', 'token', 'unheard')
  t.match(await waitForRefusal('unheard'), /: 401 Unauthorized$/)
  await expectLogged(t, 'token', cause)
  for (const object of node.ecr.rbac) await node.kubectl(['apply', '--filename=-'], object)
})

t.test(
  'the log says nothing of a password that only the registry refused, nor what tokens and passwords are',
  async (t) => {
    t.equal(findLogEntry('wrongPassword', 'Failed to provide credentials'), undefined)
    const log = readFileSync(node.daemons.kubelet.logPath, 'utf8')
    t.notOk(looksLikeToken(log))
    t.notOk(log.includes(passwordOf(ECR_ACCOUNTS.keys)))
  },
)

/** The kubelet's log says it, and docs/ecr.md too. */
async function expectLogged(t: Test, way: EcrWay, cause: string): Promise<void> {
  const isLogged = await poll(async () => (findLogEntry(way, cause) ? true : undefined), LOG_TIMEOUT_MS)
  t.ok(isLogged, `the kubelet logs ${cause}`)
  t.ok(PAGE.includes(`\`${cause}\``), 'docs/ecr.md tells of it')
}

/** What the kubelet logged of images of a way's account. */
function findLogEntry(way: EcrWay, text: string): string | undefined {
  const entries = readFileSync(node.daemons.kubelet.logPath, 'utf8').split(/\n(?=[IWEF]\d{4} )/)
  return entries.find((entry) => entry.includes(ecrHost(way)) && entry.includes(text))
}
