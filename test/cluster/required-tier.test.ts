import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1Deployment, V1MutatingWebhookConfiguration, V1Pod } from '@kubernetes/client-node'
import t from 'tap'
import { createKubectl } from '../../scripts/cluster/kubectl.ts'
import { renderManifests } from '../../scripts/cluster/rendered-manifests.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { findFreePorts } from './support/free-port.ts'
import { formatKubeconfig } from './support/kubeconfig.ts'
import { findIdentity, WEB_IDENTITY } from './support/pod-credentials.ts'
import { readMetric, type Webhook } from './support/webhook.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, roleArn } from './support/webhook-registration.ts'

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const CONFIGURATION_NAME = 'required-tier'
const DEAF_NAME = 'required-tier-deaf'
const ACTIVE_TIMEOUT_MS = 20_000
const REQUIRED = 'eks.amazonaws.com/pod-identity-required'

const ORDINARY = 'ordinary-pods'
const LABELLED = 'labelled-namespace'

const EVERYBODY = 'pod-identity-webhook.amazonaws.com'
const REQUIRED_POD = `required-pod.${EVERYBODY}`
const REQUIRED_NAMESPACE = `required-namespace.${EVERYBODY}`
const ENTRIES = [EVERYBODY, REQUIRED_POD, REQUIRED_NAMESPACE]

const cluster = await useCluster(t)
for (const namespace of [ORDINARY, LABELLED]) {
  await cluster.createNamespace(namespace)
  await cluster.client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
    metadata: { name: 'cart', annotations: { 'eks.amazonaws.com/role-arn': roleArn('cart') } },
  })
}
await cluster.kubectl(['label', 'namespace', LABELLED, `${REQUIRED}=true`])
const webhook = await useWebhook(t, cluster, { namespace: CONFIGURATION_NAME })
await webhook.waitUntilReady()

/** Which entry asks the webhook about a pod; of the others none may. */
const CASES: readonly {
  readonly name: string
  readonly namespace: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
  readonly entry?: string
}[] = [
  { name: 'an ordinary pod', namespace: ORDINARY, entry: EVERYBODY },
  { name: 'a pod labelled "false"', namespace: ORDINARY, labels: { [REQUIRED]: 'false' }, entry: EVERYBODY },
  { name: 'a labelled pod', namespace: ORDINARY, labels: { [REQUIRED]: 'true' }, entry: REQUIRED_POD },
  { name: 'a pod of a labelled namespace', namespace: LABELLED, entry: REQUIRED_NAMESPACE },
  {
    name: 'a labelled pod of a labelled namespace',
    namespace: LABELLED,
    labels: { [REQUIRED]: 'true' },
    entry: REQUIRED_POD,
  },
  {
    name: 'a pod of a labelled namespace that skips the webhook',
    namespace: LABELLED,
    labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' },
  },
  {
    name: 'a mirror pod of a labelled namespace',
    namespace: LABELLED,
    annotations: { 'kubernetes.io/config.mirror': 'hash' },
    spec: { serviceAccountName: undefined, nodeName: 'node' },
  },
]

const shipped = await renderShipped()
const failurePolicies = await registerShippedEntries()

t.test('only who requires credentials depends on the webhook', async (t) => {
  t.strictSame(failurePolicies, [
    [EVERYBODY, 'Ignore'],
    [REQUIRED_POD, 'Fail'],
    [REQUIRED_NAMESPACE, 'Fail'],
  ])
})

for (const { name, namespace, labels, annotations, spec, entry } of CASES) {
  t.test(`${name} is sent ${entry === undefined ? 'to nobody' : `once, by ${entry}`}`, async (t) => {
    const before = await countCalls()
    const pod = describeCartPod(namespace, { labels, annotations, spec })
    const answer = await createDryRun(namespace, pod)
    t.equal(answer.status, 201)
    const after = await countCalls()
    const calls = ENTRIES.map((each, index) => [each, (after[index] ?? 0) - (before[index] ?? 0)])
    t.strictSame(
      calls,
      ENTRIES.map((each) => [each, each === entry ? 1 : 0]),
    )
    const identity = entry === undefined ? undefined : roleArn('cart')
    t.equal(findIdentity(answer.body as V1Pod, WEB_IDENTITY), identity)
  })
}

t.test('while the webhook is down, only pods that require credentials are refused', async (t) => {
  await webhook.stop()
  for (const { name, namespace, labels, annotations, spec, entry } of CASES) {
    const answer = await createDryRun(namespace, describeCartPod(namespace, { labels, annotations, spec }))
    if (entry === undefined || entry === EVERYBODY) {
      t.equal(answer.status, 201, name)
    } else {
      t.match(answer, { status: 500, body: { message: `failed calling webhook "${entry}"` } }, name)
    }
  }
})

t.test(
  'while the webhook is deaf to the API server, only pods that require credentials are refused',
  async (t) => {
    const flags = shipped.flags.filter((flag) => flag.startsWith('--service-account-lookup'))
    const deaf = await useWebhook(t, cluster, {
      namespace: DEAF_NAME,
      flags: [`--kubeconfig=${await writeDeafKubeconfig()}`, ...flags],
    })
    await deaf.waitUntilListening()
    await cluster.client.send('DELETE', `${CONFIGURATIONS}/${CONFIGURATION_NAME}`)
    await createConfiguration(DEAF_NAME, deaf)
    const isAsked = () => deaf.lines.some(({ reason }) => reason === 'lookup_failed') || undefined
    const [required] = CASES.filter(({ entry }) => entry === REQUIRED_POD)
    const asked = await poll(async () => {
      await createDryRun(ORDINARY, describeCartPod(ORDINARY, required ?? {}))
      return isAsked()
    }, ACTIVE_TIMEOUT_MS)
    t.ok(asked, 'the API server asks it')
    for (const { name, namespace, labels, annotations, spec, entry } of CASES) {
      const answer = await createDryRun(namespace, describeCartPod(namespace, { labels, annotations, spec }))
      if (entry === undefined || entry === EVERYBODY) {
        t.equal(answer.status, 201, name)
        t.equal(findIdentity(answer.body as V1Pod, WEB_IDENTITY), undefined, 'without credentials')
      } else {
        const message = new RegExp(`failed calling webhook "${entry}".*could not be looked up`)
        t.match(answer, { status: 500, body: { message } }, name)
      }
    }
  },
)

/** What is shipped with the component: the entries, and the flags of the webhook. */
async function renderShipped() {
  const manifests = await renderManifests(createKubectl(cluster.connection.kubectlPath), {
    namespace: CONFIGURATION_NAME,
    certificateMode: 'self-managed',
    components: ['required'],
  })
  const find = (wanted: string) => manifests.find(({ kind }) => kind === wanted) as unknown
  const { webhooks = [] } = find('MutatingWebhookConfiguration') as V1MutatingWebhookConfiguration
  const { spec } = find('Deployment') as V1Deployment
  return { webhooks, flags: spec?.template.spec?.containers[0]?.args ?? [] }
}

/** The entries as they are shipped; only the address differs, for the API server here reaches no Service. */
async function createConfiguration(name: string, { url, caPem }: Webhook): Promise<void> {
  t.teardown(() => cluster.client.send('DELETE', `${CONFIGURATIONS}/${name}`))
  const clientConfig = { url, caBundle: Buffer.from(caPem).toString('base64') }
  await cluster.client.create(CONFIGURATIONS, {
    metadata: { name },
    webhooks: shipped.webhooks.map((entry) => ({ ...entry, clientConfig })),
  })
}

/** Of an API server that is not there. */
async function writeDeafKubeconfig(): Promise<string> {
  const [port] = await findFreePorts(1)
  const path = join(cluster.connection.workFolder, 'no-api-server.kubeconfig')
  const { caPem } = cluster.connection
  await writeFile(path, formatKubeconfig({ url: `https://127.0.0.1:${port}`, caPem, token: 'none' }))
  return path
}

async function registerShippedEntries() {
  await createConfiguration(CONFIGURATION_NAME, webhook)
  const isActive = await poll(async () => {
    const answers = await Promise.all(
      CASES.map(({ namespace, labels }) => createDryRun(namespace, describeCartPod(namespace, { labels }))),
    )
    const identities = answers.filter(({ body }) => findIdentity(body as V1Pod, WEB_IDENTITY))
    return identities.length >= CASES.filter(({ entry }) => entry !== undefined).length || undefined
  }, ACTIVE_TIMEOUT_MS)
  if (!isActive) throw new Error('the API server does not use the webhook')
  return shipped.webhooks.map(({ name, failurePolicy }) => [name, failurePolicy])
}

function describeCartPod(
  namespace: string,
  {
    labels,
    annotations,
    spec,
  }: Partial<Record<'labels' | 'annotations' | 'spec', Readonly<Record<string, unknown>> | undefined>>,
) {
  const pod = describePod('cart', 'cart')
  return {
    ...pod,
    metadata: { ...pod.metadata, namespace, labels, annotations },
    spec: { ...pod.spec, ...spec },
  }
}

function createDryRun(namespace: string, pod: unknown) {
  return cluster.client.send('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod)
}

/** How often the API server has called each entry. */
async function countCalls(): Promise<readonly number[]> {
  const metrics = String((await cluster.client.send('GET', '/metrics')).body)
  return ENTRIES.map((name) => readMetric(metrics, 'apiserver_admission_webhook_request_total', { name }))
}
