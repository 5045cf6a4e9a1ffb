import { fail } from 'node:assert/strict'
import type { V1ClusterRoleBinding, V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import t from 'tap'
import { holdsCertificates } from '../../scripts/cluster/ca-bundle.ts'
import {
  addCertManagerKinds,
  findCertManagerDefinitions,
  removeCertManagerKinds,
} from './support/cert-manager.ts'
import { createTestAuthority } from './support/certificates.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { runDeployedPods } from './support/deployed-pods.ts'
import { runMake } from './support/make-command.ts'

const IMAGE = 'registry.test.invalid:5000/webhook:1.2.3'
const NAMESPACE = 'changing'
const NEXT_NAMESPACE = 'changed'
const NAME = 'pod-identity-webhook'
const CONFIGURATION = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${NAME}`
const BINDING = `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${NAME}`
const SECRET_TIMEOUT_MS = 20_000

const cluster = await useCluster(t)
const definitions = await findCertManagerDefinitions()
const skip = definitions === undefined
const [own, issued, later, next] = (
  await Promise.all(['own', 'issued', 'later', 'next'].map((name) => createTestAuthority(name)))
).map(({ certificatePem }) => certificatePem) as [string, string, string, string]

await up({ WAIT: 'no', CERTS: 'self-managed' })
await fillSecret(NAMESPACE, NAME, own)
await up({ WAIT: 'no', COMPONENTS: 'required' })
if (definitions) await addCertManagerKinds(cluster, definitions)
t.teardown(async () => {
  for (const namespace of [NAMESPACE, NEXT_NAMESPACE])
    await runMake(cluster, 'cluster-down', { NAMESPACE: namespace, WAIT: 'no' })
  await cluster.kubectl(['delete', 'namespace', '--wait=false', NAMESPACE, NEXT_NAMESPACE])
  if (definitions) await removeCertManagerKinds(cluster)
})

t.test('an entry that is new trusts whom replicas serve with from its first moment on', async (t) => {
  const { bundles } = await readRegistration()
  t.strictSame(bundles, [own, own, own])
})

t.test('certificates that do not come change nothing that serves', { skip }, async (t) => {
  const before = await readRegistration()
  const { exitCode, stderr } = await up({ CERTS: 'cert-manager', TIMEOUT: '1', COMPONENTS: 'required' })
  t.equal(exitCode, 2)
  t.match(
    stderr,
    /Secret changing\/pod-identity-webhook-tls holds no certificate authority after 1 s: .*; the webhook configuration stays: replicas from before serve on$/m,
  )
  t.strictSame(await readRegistration(), before)
})

t.test(
  'replicas with other certificates are trusted before they run, and the old ones as well',
  { skip },
  async (t) => {
    await fillSecret(NAMESPACE, `${NAME}-tls`, issued)
    const { exitCode, stderr } = await up({ CERTS: 'cert-manager', TIMEOUT: '1', COMPONENTS: 'required' })
    t.equal(exitCode, 2)
    t.match(
      stderr,
      /is not ready after 1 s: .*; the webhook configuration stays: .*, both authorities stay trusted$/m,
    )
    const { bundles, annotations } = await readRegistration()
    t.equal(bundles.length, 3, 'entries that refuse pods stay, too')
    for (const bundle of bundles) t.ok(holdsCertificates(bundle, own + issued))
    t.notOk(annotations['cert-manager.io/inject-ca-from'])
    const { stdout } = await cluster.kubectl([
      'get',
      'secret',
      `--namespace=${NAMESPACE}`,
      NAME,
      '--output=jsonpath={.data.ca\\.crt}',
    ])
    t.ok(holdsCertificates(decode(stdout), own + issued), 'replicas keep both in the caBundle')
  },
)

t.test('a change of certificates ends with the new ones', { skip }, async (t) => {
  t.match(await upWithPods({ CERTS: 'cert-manager' }), { exitCode: 0, stderr: '' })
  const { bundles, annotations } = await readRegistration()
  t.equal(bundles.length, 1)
  t.ok(holdsCertificates(bundles[0] ?? '', issued))
  t.equal(annotations['cert-manager.io/inject-ca-from'], `${NAMESPACE}/${NAME}`)
})

t.test(
  'the way back keeps the registration, and gives it back to cainjector where it fails',
  { skip },
  async (t) => {
    const before = await readRegistration()
    const { exitCode, stderr } = await up({ CERTS: 'self-managed', TIMEOUT: '1' })
    t.equal(exitCode, 2)
    t.match(stderr, /the webhook configuration stays: .*, cainjector goes on as before$/m)
    t.strictSame(await readRegistration(), before)

    const isDone = upWithPods({ CERTS: 'self-managed' })
    await fillSecret(NAMESPACE, NAME, later)
    t.match(await isDone, { exitCode: 0, stderr: '' })
    const { bundles, annotations } = await readRegistration()
    t.ok(holdsCertificates(bundles[0] ?? '', issued + later))
    t.notOk(annotations['cert-manager.io/inject-ca-from'])
  },
)

t.test('a webhook that serves keeps its rights until another one is registered', async (t) => {
  await up({ WAIT: 'no', CERTS: 'self-managed' })
  const before = await readRegistration()
  const failed = await up({ NAMESPACE: NEXT_NAMESPACE, CERTS: 'self-managed', TIMEOUT: '1' })
  t.match(failed.stderr, /the webhook configuration stays: replicas from before serve on$/m)
  t.strictSame(await readRegistration(), before)
  t.strictSame(await listSubjects(), [NEXT_NAMESPACE, NAMESPACE])

  const isDone = upWithPods({ NAMESPACE: NEXT_NAMESPACE, CERTS: 'self-managed' })
  await fillSecret(NEXT_NAMESPACE, NAME, next)
  t.match(await isDone, {
    exitCode: 0,
    stderr: '',
    stdout: /nobody asks the webhook in namespace changing any more: remove it there\n/,
  })
  t.strictSame(await readRegistration(), { ...before, namespaces: [NEXT_NAMESPACE], bundles: [next] })
  t.strictSame(await listSubjects(), [NEXT_NAMESPACE])
})

t.test('trust in somebody else is none', async (t) => {
  await fillSecret(NEXT_NAMESPACE, NAME, later)
  await trustOnly(issued)
  const isDone = upWithPods({ NAMESPACE: NEXT_NAMESPACE, TIMEOUT: '2' })
  const isOverwritten = poll(async () => {
    const { bundles } = await readRegistration()
    return bundles[0] !== issued || undefined
  }, SECRET_TIMEOUT_MS)
  t.ok(await isOverwritten)
  const stop = new AbortController()
  const fighting = poll(async () => void (await trustOnly(issued)), SECRET_TIMEOUT_MS, stop.signal)
  const { stderr } = await isDone
  stop.abort()
  await fighting
  t.match(
    stderr,
    /the caBundle of \S+ pod-identity-webhook does not hold the authority of the replicas' certificates after 2 s/,
  )
})

function up(variables: Readonly<Record<string, string>>) {
  return runMake(cluster, 'cluster-up', { IMAGE, NAMESPACE, ...variables })
}

async function upWithPods(variables: Readonly<Record<string, string>>) {
  const { NAMESPACE: namespace = NAMESPACE } = variables
  const pods = runDeployedPods(cluster, namespace)
  try {
    return await up({ TIMEOUT: '30', ...variables })
  } finally {
    await pods.stop()
  }
}

/** As the webhook does, or cert-manager: the public half is all that is looked at. */
async function fillSecret(namespace: string, name: string, certificatePem: string): Promise<void> {
  const value = Buffer.from(certificatePem).toString('base64')
  const data = { 'ca.crt': value, 'tls.crt': value }
  if (name === NAME) {
    const args = ['patch', 'secret', `--namespace=${namespace}`, name, `--patch=${JSON.stringify({ data })}`]
    const isFilled = async () => (await cluster.kubectl(args)).exitCode === 0 || undefined
    if (!(await poll(isFilled, SECRET_TIMEOUT_MS))) fail(`${namespace} has no Secret ${name}`)
    return
  }
  await cluster.client.create(`/api/v1/namespaces/${namespace}/secrets`, { metadata: { name }, data })
}

async function readRegistration() {
  const { metadata, webhooks = [] } = await cluster.client.get<V1MutatingWebhookConfiguration>(CONFIGURATION)
  return {
    annotations: metadata?.annotations ?? {},
    namespaces: webhooks.map(({ clientConfig }) => clientConfig.service?.namespace),
    bundles: webhooks.map(({ clientConfig }) => decode(clientConfig.caBundle ?? '')),
  }
}

async function trustOnly(pem: string): Promise<void> {
  const value = Buffer.from(pem).toString('base64')
  const patch = JSON.stringify([{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value }])
  await cluster.kubectl(['patch', 'mutatingwebhookconfiguration', NAME, '--type=json', `--patch=${patch}`])
}

async function listSubjects() {
  const { subjects } = await cluster.client.get<V1ClusterRoleBinding>(BINDING)
  return subjects?.map(({ namespace }) => namespace)
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}
