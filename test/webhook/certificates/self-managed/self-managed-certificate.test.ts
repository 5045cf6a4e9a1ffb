import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { createCertificateAuthority } from '../../../../src/webhook/certificates/certificate-authority.ts'
import {
  CertificateWorld,
  DAY_MS,
  LIFETIMES,
  MINUTE_MS,
  NAME,
  NAMESPACE,
} from '../../../support/certificate-world.ts'
import type { FakeRequest } from '../../../support/fake-api-server.ts'

t.test('many replicas on an empty Secret agree on one authority', async (t) => {
  const world = await CertificateWorld.create(t)
  await world.startReplicas(Array<number>(12).fill(0))
  t.equal(world.count(/authority created/), 1)
  t.equal(world.bundle, world.secret['tls.crt'])
  t.equal(world.secret['ca.crt'], world.secret['tls.crt'])
  t.equal(world.countServedBy(world.bundle), 12)
  t.equal(
    world.count(/./) > 0 && world.count(/cannot be looked after/),
    0,
    'who was slower says nothing of it',
  )
  const [pair] = world.replicas[0]?.pairs ?? []
  const leaf = new X509Certificate(pair?.certificatePem ?? '')
  t.equal(
    leaf.subjectAltName,
    ['', '.eks', '.eks.svc', '.eks.svc.cluster.local'].map((end) => `DNS:${NAME}${end}`).join(', '),
  )
  const key = Buffer.from(world.secret['tls.key'] ?? '').toString('base64')
  const logged = JSON.stringify(world.replicas.map(({ lines }) => lines))
  t.notMatch(logged, /PRIVATE KEY/)
  t.notOk(logged.includes(key))
})

t.test('a missing Secret is created by server-side apply, which RBAC can grant by name', async (t) => {
  const world = await CertificateWorld.create(t)
  world.server.delete('secrets', NAMESPACE, NAME)
  await world.startReplicas([0])
  const creations = world.server.requests.filter(({ method }) => method !== 'GET')
  t.match(creations[0]?.headers['content-type'], 'application/apply-patch+yaml')
  t.equal(creations[0]?.path, `/api/v1/namespaces/${NAMESPACE}/secrets/${NAME}`)
  t.notOk(
    creations.some(({ method }) => method !== 'PATCH'),
    'nothing is posted',
  )
})

t.test('without a webhook configuration a replica is ready; when that comes, it is filled', async (t) => {
  const world = await CertificateWorld.create(t, { isConfigured: false })
  await world.startReplicas([0])
  world.configure(['', ''])
  await world.until(() => world.bundle === world.secret['ca.crt'])
  t.strictSame(
    world.webhooks.map(
      ({ clientConfig }) => clientConfig.caBundle === world.webhooks[1]?.clientConfig.caBundle,
    ),
    [false, true, true],
    'every webhook of ours, and no other',
  )
  t.match(world.webhooks[0], { clientConfig: { caBundle: 'b3RoZXI=' } })
  t.match(world.webhooks[2], { aFieldOfLaterVersions: { kept: true } })
  await world.until(() => world.areReady)
})

t.test('a caBundle that somebody changed is put back; other line lengths are no change', async (t) => {
  const world = await CertificateWorld.create(t)
  await world.startReplicas([0, 0])
  const bundle = world.bundle
  const foreign = (await createForeignAuthority(world)).certificatePem
  for (const pem of ['', 'garbage', foreign, `${bundle}${foreign}`]) {
    world.configure([bundle, pem])
    await world.until(() =>
      world.webhooks.slice(1).every(({ clientConfig }) => decode(clientConfig.caBundle) === bundle),
    )
  }
  t.ok(world.areReady)
  const [begin, ...lines] = bundle.trim().split('\n')
  const oneLine = [begin, lines.slice(0, -1).join(''), lines.at(-1)].join('\r\n')
  world.configure([oneLine])
  await world.pass(MINUTE_MS, 10_000)
  t.equal(world.bundle, oneLine)
})

t.test('a replica that is slow does not undo in the caBundle what another has just added', async (t) => {
  const world = await CertificateWorld.create(t)
  await world.startReplicas([0])
  await world.pass(MINUTE_MS, 10_000)
  const former = world.secret['tls.crt'] ?? ''
  const next = await createForeignAuthority(world)
  const { promise: until, resolve: release } = Promise.withResolvers<void>()
  let reads = 0
  world.server.intercept = ({ method, query }) => {
    if (method !== 'GET' || query.get('watch') === '1') return undefined
    reads++
    return reads === 2 ? { kind: 'hold', until } : undefined
  }
  world.clock.advance(MINUTE_MS)
  await world.until(() => reads === 2)
  const bundle = `${former}${next.certificatePem}`
  world.writeSecret({ 'next.crt': next.certificatePem, 'next.key': next.privateKeyPem, 'ca.crt': bundle })
  world.configure([bundle])
  const requestCount = world.server.requests.length
  release()
  await world.pass(MINUTE_MS, 10_000)
  t.equal(world.bundle, bundle)
  const patches = world.server.requests.slice(requestCount).filter(({ method }) => method === 'PATCH')
  t.ok(
    patches.every(({ body }) => body.includes(Buffer.from(bundle).toString('base64'))),
    'and what it tried, too late, would have been right',
  )
})

t.test('somebody who undoes every repair is met at a measured pace', async (t) => {
  const world = await CertificateWorld.create(t)
  await world.startReplicas([0])
  let repairs = 0
  world.server.on('request', ({ method }) => {
    if (method !== 'PATCH') return
    repairs++
    setImmediate(() => world.configure(['garbage']))
  })
  world.configure(['garbage'])
  await world.until(() => repairs > 0)
  await world.pass(10 * MINUTE_MS, 1_000)
  t.ok(repairs >= 10 && repairs < 60, `${repairs} repairs in 10 minutes`)
})

t.test('an API server that is away at the start is waited for, unready', async (t) => {
  const world = await CertificateWorld.create(t)
  world.server.intercept = () => ({ kind: 'status', status: 500, reason: 'InternalError' })
  const replica = await world.startReplica()
  await world.until(() => replica.lines.length > 0)
  t.match(replica.certificate.pendingReasons(), [
    /no certificate authority was read from Secret eks\/pod-identity-webhook yet: cannot get .*: the API server answered 500 InternalError/,
  ])
  await world.pass(MINUTE_MS, 1_000)
  t.equal(world.count(/cannot be looked after/), 1, 'told once')
  world.server.intercept = () => undefined
  await world.until(() => world.areReady)
  t.equal(world.count(/can be kept again/), 1)
})

t.test('an API server that is away for a month does not end the serving', async (t) => {
  const world = await CertificateWorld.create(t)
  await world.startReplicas([0])
  await world.server.close()
  await world.pass(29 * DAY_MS, DAY_MS, { isAway: true })
  t.ok(world.areReady, 'the certificate was renewed from memory')
  t.equal(world.replicas[0]?.pairs.length, 2)
  await world.server.listen()
  await world.pass(2 * MINUTE_MS, 20_000)
  t.strictSame([...world.failures], [])
})

const isSecretPatch = ({ method, path }: FakeRequest) => method === 'PATCH' && path.includes('/secrets/')
const isTrustPatch = ({ method, path }: FakeRequest) => method === 'PATCH' && path.includes('configurations')

for (const [name, isRefused, line] of [
  [
    'read the Secret',
    ({ path }: FakeRequest) => path.includes('/secrets/'),
    /cannot get Secret eks\/.*403.*; grant get of it/,
  ],
  ['write the Secret', isSecretPatch, /cannot patch Secret eks\/.*403.*; grant patch of it/],
  [
    'write the caBundle',
    isTrustPatch,
    /cannot patch MutatingWebhookConfiguration .*403.*; grant patch of it/,
  ],
] as const) {
  t.test(`who may not ${name} is told once what to grant, and is not ready until then`, async (t) => {
    const world = await CertificateWorld.create(t)
    world.server.intercept = (request) =>
      isRefused(request) ? { kind: 'status', status: 403, reason: 'Forbidden' } : undefined
    const replica = await world.startReplica()
    await world.until(() => replica.lines.some(({ level }) => level === 'warn'))
    await world.pass(2 * MINUTE_MS, 1_000)
    const warnings = replica.lines.filter(({ level }) => level === 'warn')
    t.equal(warnings.length, 1)
    t.match(warnings[0]?.['error'], line)
    const [file = ''] = /deploy\/\S+/.exec(String(warnings[0]?.['error'])) ?? []
    t.match(readFileSync(file, 'utf8'), /resources: \[secrets\]/, 'and which file grants it')
    t.match(replica.certificate.pendingReasons(), [line])
    world.server.intercept = () => undefined
    await world.until(() => world.areReady)
  })
}

t.test('conflicts, errors and cut connections only delay', async (t) => {
  const world = await CertificateWorld.create(t)
  let count = 0
  world.server.intercept = ({ query }) => {
    if (query.get('watch') === '1') return undefined
    count++
    if (count > 60) return undefined
    return [
      { kind: 'status' as const, status: 409, reason: 'Conflict' },
      { kind: 'drop' as const },
      { kind: 'status' as const, status: 500 },
      undefined,
    ][count % 4]
  }
  await world.startReplicas([0, 0, 0])
  t.equal(world.count(/authority created/), 1)
  t.equal(world.bundle, world.secret['ca.crt'])
})

t.test('metrics tell of the authority, its changes and repairs', async (t) => {
  const world = await CertificateWorld.create(t)
  await world.startReplicas([0])
  const bundle = world.bundle
  world.configure([''])
  await world.until(() => world.bundle === bundle)
  await world.until(() => world.areReady)
  const text = (await world.replicas[0]?.metrics.registry.metrics()) ?? ''
  t.match(text, /^pod_identity_webhook_ca_changes_total\{cause="created"\} 1$/m)
  t.match(text, /^pod_identity_webhook_ca_bundle_repairs_total 2$/m)
  const [, notAfter] = /^pod_identity_webhook_ca_not_after_timestamp_seconds (\d+)$/m.exec(text) ?? []
  const yearFromStart = (Date.parse('2026-01-01T00:00:00Z') + LIFETIMES.authorityMs) / 1000
  t.ok(Math.abs(Number(notAfter) - yearFromStart) < 60)
})

function createForeignAuthority(world: CertificateWorld, endsInMs = 200 * DAY_MS) {
  const nowMs = world.clock.wallTimeMs
  return createCertificateAuthority({
    commonName: 'somebody else',
    notBefore: new Date(nowMs - 300 * DAY_MS),
    notAfter: new Date(nowMs + endsInMs),
  })
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString()
}
