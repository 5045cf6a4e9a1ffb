import t from 'tap'
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../src/webhook/certificates/certificate-authority.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { type Installation, install } from './support/self-managed-installation.ts'
import { ask, postReviews, startReplicas, waitUntilReady } from './support/self-managed-replica.ts'

const HEALED_WITHIN_MS = 60_000
const PUT_BACK_WITHIN_MS = 30_000
const HOUR_MS = 3_600_000

const cluster = await useCluster(t)
const installation = await install(t, cluster, 'self-managed-repair')
const replicas = await startReplicas(t, cluster, installation, { count: 3, flags: ['--ca-overlap=2s'] })
const ports = replicas.map(({ port }) => port)
t.ok(await waitUntilReady(installation, ports))

const damages: readonly (readonly [string, (installation: Installation) => Promise<void>])[] = [
  ['deleted', ({ deleteSecret }) => deleteSecret()],
  [
    'emptied',
    ({ writeSecret }) =>
      writeSecret({ 'tls.crt': null, 'tls.key': null, 'ca.crt': null, 'next.crt': null, 'next.key': null }),
  ],
  [
    'given a key that does not match',
    async ({ writeSecret }) => writeSecret({ 'tls.key': (await createAuthority()).privateKeyPem }),
  ],
  ['given garbage', ({ writeSecret }) => writeSecret({ 'tls.crt': 'garbage', 'ca.crt': 'garbage' })],
  ['given an expired authority', async ({ writeSecret }) => writeAuthority(writeSecret, -HOUR_MS)],
  ['given another good authority', async ({ writeSecret }) => writeAuthority(writeSecret, 24 * HOUR_MS)],
]

for (const [damage, inflict] of damages) {
  t.test(`a Secret that is ${damage} while replicas serve is healed, and no review fails`, async (t) => {
    const before = await installation.readSecret()
    const lineCounts = replicas.map(({ lines }) => lines.length)
    const reviews = postReviews(t, installation, ports)
    await inflict(installation)
    const hasHealed = await poll(() => isHealed(before?.['tls.crt']), HEALED_WITHIN_MS)
    t.ok(hasHealed, 'every replica serves with the authority that the Secret now has')
    await reviews.waitForMore(30)
    const { count, failures } = await reviews.stop()
    t.ok(count > 5, `${count} reviews were posted meanwhile`)
    t.strictSame(failures, [], 'and each was answered')
    const warnings = replicas.flatMap(({ lines }, index) =>
      lines
        .slice(lineCounts[index])
        .filter(({ level, msg }) => level === 'warn' && /in the Secret/.test(msg)),
    )
    t.equal(warnings.length, damage === 'given another good authority' ? 0 : 1, 'one warning in all')
  })
}

for (const [name, pem] of [
  ['emptied', async () => ''],
  ['replaced', async () => (await createAuthority()).certificatePem],
] as const) {
  t.test(`a caBundle that is ${name} is put back`, async (t) => {
    const before = await installation.readTrustedPem()
    await installation.writeTrustedPem(await pem())
    const isPutBack = await poll(
      async () => (await installation.readTrustedPem()) === before || undefined,
      PUT_BACK_WITHIN_MS,
    )
    t.ok(isPutBack)
    t.ok(await waitUntilReady(installation, ports))
  })
}

t.test('no key and no certificate was written into the log', async (t) => {
  const text = JSON.stringify(replicas.map(({ lines }) => lines))
  t.notMatch(text, /PRIVATE KEY|BEGIN CERTIFICATE/)
})

/** Whether the Secret has another authority than before, which alone suffices to reach every replica. */
async function isHealed(formerPem: string | undefined): Promise<true | undefined> {
  const ca = (await installation.readSecret())?.['tls.crt']
  if (ca === undefined || ca === formerPem || !ca.includes('BEGIN')) return undefined
  const { serverName } = installation
  const answers = await Promise.all(ports.map((port) => ask({ port, serverName, ca }, '/readyz')))
  return answers.every((answer) => 'status' in answer && answer.status === 200) || undefined
}

function createAuthority(endsInMs = HOUR_MS): Promise<CertificateAuthority> {
  const nowMs = Date.now()
  return createCertificateAuthority({
    commonName: 'somebody else',
    notBefore: new Date(nowMs - 2 * HOUR_MS),
    notAfter: new Date(nowMs + endsInMs),
  })
}

async function writeAuthority(write: Installation['writeSecret'], endsInMs: number): Promise<void> {
  const { certificatePem, privateKeyPem } = await createAuthority(endsInMs)
  await write({ 'tls.crt': certificatePem, 'tls.key': privateKeyPem, 'ca.crt': certificatePem })
}
