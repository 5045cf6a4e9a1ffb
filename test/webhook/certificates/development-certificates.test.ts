import { X509Certificate } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ensureDevelopmentCertificates } from '../../../src/webhook/certificates/development-certificates.ts'
import { checkPair, createTestAuthority, HOUR_MS } from '../../support/certificates.ts'

const now = new Date()
const daysFromNow = (days: number) => new Date(now.getTime() + days * 24 * HOUR_MS)

async function readAll(folder: string): Promise<readonly string[]> {
  return Promise.all(['ca.crt', 'tls.crt', 'tls.key'].map((name) => readFile(join(folder, name), 'utf8')))
}

t.test('makes an authority and a P-256 certificate of it for a laptop and the Service', async (t) => {
  const folder = join(t.testdir({}), 'certs')
  t.equal(await ensureDevelopmentCertificates(folder, now), 'made')
  const [authorityPem = '', certificatePem = '', privateKeyPem = ''] = await readAll(folder)
  const authority = new X509Certificate(authorityPem)
  const leaf = new X509Certificate(certificatePem)
  checkPair({ certificatePem, privateKeyPem })
  t.ok(authority.ca && leaf.checkIssued(authority) && leaf.verify(authority.publicKey))
  t.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  const service = ['', '.eks', '.eks.svc', '.eks.svc.cluster.local'].map(
    (end) => `pod-identity-webhook${end}`,
  )
  for (const host of ['localhost', ...service]) t.equal(leaf.checkHost(host), host)
  for (const address of ['127.0.0.1', '::1']) t.equal(leaf.checkIP(address), address)
  t.equal((await stat(join(folder, 'tls.key'))).mode & 0o777, 0o600)
})

t.test('keeps what is there until a week before its end', async (t) => {
  const folder = t.testdir({})
  await ensureDevelopmentCertificates(folder, now)
  const made = await readAll(folder)
  t.equal(await ensureDevelopmentCertificates(folder, daysFromNow(82)), 'kept')
  t.same(await readAll(folder), made)
  t.equal(await ensureDevelopmentCertificates(folder, daysFromNow(84)), 'made')
  t.strictNotSame(await readAll(folder), made)
})

t.test('makes all anew where something is missing or does not fit', async (t) => {
  const stranger = await createTestAuthority()
  const pair = await stranger.issue({ names: ['localhost'], notBefore: now, notAfter: daysFromNow(30) })
  for (const [name, damage] of [
    ['no authority', (folder: string) => rm(join(folder, 'ca.crt'))],
    ['no key', (folder: string) => rm(join(folder, 'tls.key'))],
    ['another key', (folder: string) => writeFile(join(folder, 'tls.key'), pair.privateKeyPem)],
    ['another authority', (folder: string) => writeFile(join(folder, 'ca.crt'), stranger.certificatePem)],
    [
      'a pair with too few names',
      async (folder: string) => {
        await writeFile(join(folder, 'ca.crt'), stranger.certificatePem)
        await writeFile(join(folder, 'tls.crt'), pair.certificatePem)
        await writeFile(join(folder, 'tls.key'), pair.privateKeyPem)
      },
    ],
  ] as const) {
    await t.test(name, async (t) => {
      const folder = t.testdir({})
      await ensureDevelopmentCertificates(folder, now)
      await damage(folder)
      t.equal(await ensureDevelopmentCertificates(folder, now), 'made')
      t.equal(await ensureDevelopmentCertificates(folder, now), 'kept')
    })
  }
})
