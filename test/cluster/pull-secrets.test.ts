import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { PASSWORD, STATIC_CREDENTIALS, startEcrServer } from '../support/ecr-server.ts'
import { useCluster } from './support/cluster.ts'
import { grantComponentAccess } from './support/component-access.ts'
import { type Daemon, poll, startDaemon } from './support/daemon.ts'
import { type Attempt, attemptRequest } from './support/permission-probe.ts'

const NAME = 'pod-identity-webhook-ecr-pull-secrets'
const OWN = 'pull-secrets'
const SECRET = 'ecr-pull-secret'
const LABEL = 'pod-identity-webhook.amazonaws.com/ecr-pull-secret'
const HOST = '111122223333.dkr.ecr.eu-central-1.amazonaws.com'
const MANY = 200
const EVENT_MS = 20_000
const MERGE_PATCH = 'application/merge-patch+json'
const PROGRAM = fileURLToPath(new URL('../../dist/ecr-credential-provider.mjs', import.meta.url))

interface Secret {
  readonly type: string
  readonly metadata: { readonly labels?: object; readonly resourceVersion: string }
  readonly data: { readonly '.dockerconfigjson': string }
}

const cluster = await useCluster(t)
const { client } = cluster
const ecr = await startEcrServer()
t.teardown(() => ecr.close())
await cluster.createNamespace(OWN)
const { token, kubeconfigPath } = await grantComponentAccess(t, cluster, {
  ...{ namespace: OWN, component: 'ecr-pull-secrets', name: NAME },
})
const folder = await mkdtemp(join(cluster.connection.workFolder, 'pull-secrets-'))

let count = 0
async function start(...flags: readonly string[]): Promise<Daemon & { readonly lines: readonly string[] }> {
  const lines: string[] = []
  const daemon = await startDaemon({
    name: `pull-secrets-${count++}`,
    command: process.execPath,
    args: [
      ...[PROGRAM, 'pull-secrets', `--registry=${HOST},public.ecr.aws`, `--namespace=${OWN}`],
      ...[`--kubeconfig=${kubeconfigPath}`, '--metrics-port=0', '--patch-service-accounts', ...flags],
    ],
    logPath: join(folder, `${count}.log`),
    env: {
      AWS_ENDPOINT_URL: ecr.url,
      AWS_ACCESS_KEY_ID: STATIC_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: STATIC_CREDENTIALS.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
    },
    onLine: (line) => lines.push(line),
  })
  t.teardown(() => daemon.stop(0))
  return { ...daemon, lines }
}

async function makeNamespace(name: string, labels: object = {}): Promise<void> {
  await client.create('/api/v1/namespaces', { metadata: { name, labels } })
  t.teardown(() => client.send('DELETE', `/api/v1/namespaces/${name}`))
}

const secretPath = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets/${SECRET}`

async function readSecret(namespace: string): Promise<Secret | undefined> {
  const { status, body } = await client.send('GET', secretPath(namespace))
  return status === 200 ? (body as Secret) : undefined
}

const until = <Value>(read: () => Promise<Value | undefined>) => poll(read, EVENT_MS)
const gone = (namespace: string) => async () =>
  (await readSecret(namespace)) === undefined ? true : undefined

function readPasswords({ data }: Secret): Readonly<Record<string, string>> {
  const { auths } = JSON.parse(Buffer.from(data['.dockerconfigjson'], 'base64').toString())
  return Object.fromEntries(
    Object.entries(auths as Record<string, { password: string }>).map(([host, { password }]) => [
      host,
      password,
    ]),
  )
}

const label = (path: string, value: string | null) =>
  client.send('PATCH', path, { metadata: { labels: { [LABEL]: value } } }, MERGE_PATCH)

const logged = (daemon: { lines: readonly string[] }, text: string) =>
  until(async () => daemon.lines.some((line) => line.includes(text)) || undefined)

const first = await start()
await logged(first, 'holding the Lease')

t.test('a namespace that asks has the Secret at once, with the passwords of all registries', async (t) => {
  await makeNamespace('pull-labelled', { [LABEL]: 'true' })
  const secret = await until(() => readSecret('pull-labelled'))
  t.equal(secret?.type, 'kubernetes.io/dockerconfigjson')
  t.strictSame(secret && readPasswords(secret), { [HOST]: PASSWORD, 'public.ecr.aws': PASSWORD })
})

t.test('a Secret that is deleted or changed comes back; it goes with the label', async (t) => {
  await client.send('DELETE', secretPath('pull-labelled'))
  t.ok(await until(() => readSecret('pull-labelled')))
  const emptied = { data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') } }
  await client.send('PATCH', secretPath('pull-labelled'), emptied, MERGE_PATCH)
  const restored = async () => {
    const secret = await readSecret('pull-labelled')
    return secret !== undefined && HOST in readPasswords(secret) ? true : undefined
  }
  t.ok(await until(restored))
  await label('/api/v1/namespaces/pull-labelled', null)
  t.ok(await until(gone('pull-labelled')))
})

t.test("somebody else's Secret of that name is left as it is", async (t) => {
  await makeNamespace('pull-foreign')
  const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') }
  const type = 'kubernetes.io/dockerconfigjson'
  await client.create('/api/v1/namespaces/pull-foreign/secrets', { metadata: { name: SECRET }, type, data })
  const before = (await readSecret('pull-foreign'))?.metadata.resourceVersion
  await label('/api/v1/namespaces/pull-foreign', 'true')
  t.ok(await logged(first, 'somebody else has a Secret of this name'))
  await label('/api/v1/namespaces/pull-foreign', null)
  t.equal((await readSecret('pull-foreign'))?.metadata.resourceVersion, before)
})

t.test('a ServiceAccount that asks gets it beside its own, and loses it with the label', async (t) => {
  await makeNamespace('pull-accounts')
  const path = '/api/v1/namespaces/pull-accounts/serviceaccounts'
  const role = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/a' }
  await client.create(path, {
    metadata: { name: 'cart', labels: { [LABEL]: 'true' }, annotations: role },
    imagePullSecrets: [{ name: 'own' }],
  })
  const read = async () => {
    const { body } = await client.send('GET', `${path}/cart`)
    const { imagePullSecrets = [], metadata } = body as {
      imagePullSecrets?: { name: string }[]
      metadata: { annotations: Record<string, string> }
    }
    return { names: imagePullSecrets.map(({ name }) => name), annotations: metadata.annotations }
  }
  const has = (...names: string[]) =>
    until(async () => ((await read()).names.join() === names.join() ? true : undefined))
  t.ok(await has('own', SECRET))
  t.ok(await readSecret('pull-accounts'))
  await label(`${path}/cart`, null)
  t.ok(await has('own'))
  t.strictSame((await read()).annotations, role)
  t.ok(await until(gone('pull-accounts')))
})

t.test(`${MANY} namespaces have theirs, and new passwords reach all of them`, async (t) => {
  const names = Array.from({ length: MANY }, (_, index) => `pull-many-${index}`)
  for (const name of names) await makeNamespace(name, { [LABEL]: 'true' })
  const listed = async () => {
    const { body } = await client.send('GET', `/api/v1/secrets?fieldSelector=metadata.name%3D${SECRET}`)
    return (body as { items: (Secret & { metadata: { namespace: string } })[] }).items.filter(
      ({ metadata }) => metadata.namespace.startsWith('pull-many-'),
    )
  }
  t.ok(await until(async () => ((await listed()).length === MANY ? true : undefined)))
  // Another process, as after half of the passwords' life: what it gets is new.
  const secondPassword = `second-${'x'.repeat(40)}`
  ecr.authorizationToken = Buffer.from(`AWS:${secondPassword}`).toString('base64')
  const second = await start()
  await first.stop()
  const renewed = async () => {
    const secrets = await listed()
    return secrets.length === MANY &&
      secrets.every((secret) => readPasswords(secret)[HOST] === secondPassword)
      ? true
      : undefined
  }
  t.ok(await until(renewed), 'the second replica took over and wrote')
  t.ok(second.lines.some((line) => line.includes('holding the Lease')))
  t.notMatch(second.lines.join('\n'), secondPassword)

  t.comment('ECR answers nothing any more: what is there stays')
  ecr.always.ecr = { kind: 'answer', status: 500, body: '{}' }
  ecr.always['ecr-public'] = { kind: 'answer', status: 500, body: '{}' }
  const third = await start()
  await second.stop()
  t.ok(await logged(third, 'got no password'))
  t.ok(await renewed())
  await client.send('DELETE', secretPath('pull-many-0'))
  ecr.always.ecr = undefined as never
  ecr.always['ecr-public'] = undefined as never
  t.ok(await until(() => readSecret('pull-many-0')), 'and is mended once it answers')
  await third.stop()
})

t.test('--once does it and ends, and its exit code tells whether all could be done', async (t) => {
  await makeNamespace('pull-once')
  const once = await start('--once', '--namespaces=pull-once,pull-many-*')
  t.match(await once.exited, { code: 0 })
  t.ok(await readSecret('pull-once'))
  ecr.faults.ecr.push({
    kind: 'answer',
    status: 400,
    body: '{"__type":"AccessDeniedException","message":"no"}',
  })
  const failing = await start('--once')
  t.match(await failing.exited, { code: 1 })
  t.match(failing.lines.join('\n'), 'AccessDeniedException')
})

t.test('it may do no more than that', async (t) => {
  const attempt = (request: Attempt) => attemptRequest(cluster, token, request)
  const core = '/api/v1'
  const dryRun = 'dryRun=All'
  const secret = (name: string, type: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    type,
  })
  const accounts = `${core}/namespaces/${OWN}/serviceaccounts`
  const forbidden: Readonly<Record<string, Attempt>> = {
    'read all Secrets': { method: 'GET', path: `${core}/secrets?limit=1` },
    'read another Secret': { method: 'GET', path: `${core}/namespaces/${OWN}/secrets/other` },
    'make another Secret': {
      method: 'POST',
      path: `${core}/namespaces/${OWN}/secrets?${dryRun}`,
      body: secret('other', 'Opaque'),
    },
    'make its Secret of another type': {
      method: 'POST',
      path: `${core}/namespaces/${OWN}/secrets?${dryRun}`,
      body: secret(SECRET, 'Opaque'),
    },
    'annotate a ServiceAccount with a role': {
      method: 'PATCH',
      path: `${accounts}/default?${dryRun}`,
      contentType: MERGE_PATCH,
      body: {
        metadata: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/admin' } },
      },
    },
    'request a token': {
      method: 'POST',
      path: `${accounts}/default/token`,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    },
    'read pods': { method: 'GET', path: `${core}/pods?limit=1` },
  }
  for (const [what, request] of Object.entries(forbidden)) {
    const { status } = await attempt(request)
    // 422: a ValidatingAdmissionPolicy.
    t.ok([403, 422].includes(status), `${what}: ${status}`)
  }
})
