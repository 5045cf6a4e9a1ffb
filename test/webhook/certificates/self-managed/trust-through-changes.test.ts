import t from 'tap'
import { createCertificateAuthority } from '../../../../src/webhook/certificates/certificate-authority.ts'
import { CertificateWorld, DAY_MS, MINUTE_MS, NAME, NAMESPACE } from '../../../support/certificate-world.ts'

t.test('two years pass without a moment in which an API server would refuse', async (t) => {
  const world = await CertificateWorld.create(t)
  await world.startReplicas([0, -5 * MINUTE_MS, 5 * MINUTE_MS])
  const first = world.secret['tls.crt'] ?? ''
  await world.pass(6 * MINUTE_MS, 30_000)
  world.checkLag()
  await world.pass(242 * DAY_MS, 2 * DAY_MS)
  t.equal(world.secret['tls.crt'], first, 'the first authority signs for two thirds of its year')
  t.notOk(world.secret['next.crt'])
  await world.pass(2 * DAY_MS, DAY_MS / 2)
  t.ok(world.secret['next.crt'] ?? world.count(/signs from now on/), 'then the next is introduced')
  await world.pass(15 * MINUTE_MS, 30_000)
  t.equal(world.count(/signs from now on/), 1, 'and signs, once, when it was trusted for 10 minutes')
  await world.pass(MINUTE_MS, 10_000)
  t.equal(world.countServedBy(world.secret['tls.crt'] ?? ''), 3, 'in all replicas')
  t.ok(world.bundle.includes(first), 'the first one stays trusted')
  await world.pass(32 * DAY_MS, DAY_MS)
  t.ok(world.bundle.includes(first), 'for as long as a certificate of it could live')
  await world.pass(3 * DAY_MS, DAY_MS)
  t.equal(world.bundle, world.secret['tls.crt'], 'and then no longer')
  await world.pass(448 * DAY_MS, 4 * DAY_MS)
  await world.pass(20 * MINUTE_MS, MINUTE_MS)
  t.equal(world.count(/is introduced/), 2)
  t.equal(world.count(/signs from now on/), 2)
  t.strictSame([...world.failures], [])
  t.equal(world.count(/cannot be|somebody/), 0, 'with clocks 5 minutes off')
})

t.test(
  'the next authority waits for 10 minutes without a break, and any break begins them anew',
  async (t) => {
    const world = await CertificateWorld.create(t)
    await world.startReplicas([0, 0])
    const next = await createForeignAuthority(world)
    world.writeSecret({ 'next.crt': next.certificatePem, 'next.key': next.privateKeyPem })
    await world.until(() => world.bundle.includes(next.certificatePem))
    await world.pass(9 * MINUTE_MS, 30_000)
    t.notSame(world.secret['tls.crt'], next.certificatePem)
    const bundle = world.bundle
    // Over before anybody can look: only the watch tells of it.
    world.configure([''])
    world.configure([bundle])
    await world.pass(9 * MINUTE_MS, 30_000)
    t.notSame(world.secret['tls.crt'], next.certificatePem, 'not after 18 minutes with a break')
    await world.pass(2 * MINUTE_MS, 20_000)
    t.same(world.secret['tls.crt'], next.certificatePem)
    await world.until(() => world.countServedBy(next.certificatePem) === 2)
  },
)

const damages: readonly (readonly [string, 0 | 1, (world: CertificateWorld) => void | Promise<void>])[] = [
  ['deleted', 1, ({ server }) => server.delete('secrets', NAMESPACE, NAME)],
  ['emptied', 1, ({ server }) => server.put('secrets', { namespace: NAMESPACE, name: NAME })],
  [
    'garbage',
    1,
    (world) => world.writeSecret({ 'tls.crt': 'garbage', 'tls.key': 'garbage', 'ca.crt': 'garbage' }),
  ],
  [
    'given another key',
    1,
    async (world) => world.writeSecret({ 'tls.key': (await createForeignAuthority(world)).privateKeyPem }),
  ],
  ['given an expired authority', 1, (world) => writeForeignAuthority(world, -DAY_MS)],
  ['given another good authority', 0, (world) => writeForeignAuthority(world, 300 * DAY_MS)],
]

for (const [damage, warnings, inflict] of damages) {
  t.test(`a Secret that is ${damage} is put right, and every certificate stays trusted`, async (t) => {
    const world = await CertificateWorld.create(t)
    await world.startReplicas([0, 0, 0])
    await world.pass(6 * MINUTE_MS, 30_000)
    world.checkLag()
    const former = world.secret['tls.crt'] ?? ''
    await inflict(world)
    await world.until(() => world.bundle !== former && world.bundle === world.secret['ca.crt'])
    const current = world.secret['tls.crt'] ?? ''
    t.not(current, former)
    t.ok(world.bundle.includes(former), 'the authority that replicas serve with stays trusted')
    await world.pass(9 * MINUTE_MS, 30_000)
    t.equal(world.countServedBy(former), 3, 'and serves on for the overlap')
    await world.pass(2 * MINUTE_MS, 20_000)
    t.equal(world.countServedBy(current), 3)
    t.strictSame([...world.failures], [])
    const lines = world.replicas.flatMap((replica) => replica.lines).filter(({ level }) => level === 'warn')
    t.equal(lines.length, warnings, 'one warning in all')
    await world.pass(36 * DAY_MS, 2 * DAY_MS)
    t.equal(world.bundle, current, 'in the end the old one is trusted no more')
    t.strictSame([...world.failures], [])
  })
}

t.test(
  'a fresh replica that meets a deleted Secret keeps trusted what a replica that sleeps serves with',
  async (t) => {
    const world = await CertificateWorld.create(t)
    await world.startReplicas([0])
    await world.pass(6 * MINUTE_MS, 30_000)
    const former = world.secret['tls.crt'] ?? ''
    world.server.intercept = () => ({ kind: 'status', status: 500, reason: 'InternalError' })
    await world.pass(5 * MINUTE_MS, 30_000)
    world.server.delete('secrets', NAMESPACE, NAME)
    world.server.intercept = () => undefined
    await world.startReplicas([0])
    t.equal(world.count(/authority created/), 2, 'the fresh one made another authority')
    t.not(world.secret['tls.crt'], former)
    t.ok(world.secret['ca.crt']?.includes(former))
    await world.pass(15 * MINUTE_MS, 30_000)
    t.equal(world.countServedBy(world.secret['tls.crt'] ?? ''), 2)
    t.strictSame([...world.failures], [], 'and at no moment who trusts the caBundle is refused')
    await world.pass(36 * DAY_MS, 2 * DAY_MS)
    await world.pass(MINUTE_MS, 10_000)
    t.equal(world.bundle, world.secret['tls.crt'], 'in the end the old one is trusted no more')
  },
)

function createForeignAuthority(world: CertificateWorld, endsInMs = 200 * DAY_MS) {
  const nowMs = world.clock.wallTimeMs
  return createCertificateAuthority({
    commonName: 'somebody else',
    notBefore: new Date(nowMs - 300 * DAY_MS),
    notAfter: new Date(nowMs + endsInMs),
  })
}

async function writeForeignAuthority(world: CertificateWorld, endsInMs: number): Promise<void> {
  const { certificatePem, privateKeyPem } = await createForeignAuthority(world, endsInMs)
  world.writeSecret({ 'tls.crt': certificatePem, 'tls.key': privateKeyPem, 'ca.crt': certificatePem })
}
