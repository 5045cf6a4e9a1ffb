import t from 'tap'
import { readServingPair } from '../../../src/webhook/certificates/serving-pair.ts'
import { createTestAuthority, HOUR_MS, issueLocalPair } from '../../support/certificates.ts'

const authority = await createTestAuthority()
const ec = await issueLocalPair(authority)
const otherEc = await issueLocalPair(authority)
const rsa = await issueLocalPair(authority, { keyKind: 'rsa2048' })
const now = new Date()

t.test('good pairs', async (t) => {
  for (const [name, certificate, key] of [
    ['P-256', ec.certificatePem, ec.privateKeyPem],
    ['RSA', rsa.certificatePem, rsa.privateKeyPem],
    ['with its chain', ec.certificatePem + authority.certificatePem, ec.privateKeyPem],
    ['with words around the PEM', `leaf\n${ec.certificatePem}`, `key\n${ec.privateKeyPem}`],
  ] as const) {
    const reading = readServingPair(certificate, key, now)
    t.match(reading, { isUsable: true, pair: { certificatePem: certificate, privateKeyPem: key } }, name)
  }
})

t.test('pairs that are refused, and why', async (t) => {
  const half = (pem: string) => pem.slice(0, pem.length / 2)
  const atEnd = new Date(now.getTime() + 24 * HOUR_MS)
  const before = new Date(now.getTime() - 2 * HOUR_MS)
  for (const [name, certificate, key, time, problem] of [
    ['another P-256 key', ec.certificatePem, otherEc.privateKeyPem, now, /does not belong/],
    ['a P-256 key for an RSA certificate', rsa.certificatePem, ec.privateKeyPem, now, /does not belong/],
    ['an RSA key for a P-256 certificate', ec.certificatePem, rsa.privateKeyPem, now, /does not belong/],
    ['expired', ec.certificatePem, ec.privateKeyPem, atEnd, /expired at 20.*Z/],
    ['not valid yet', ec.certificatePem, ec.privateKeyPem, before, /not valid before 20.*Z/],
    ['an empty certificate', '', ec.privateKeyPem, now, /certificate is not PEM/],
    ['garbage for a certificate', '\u0000\u0001garbage', ec.privateKeyPem, now, /certificate is not PEM/],
    ['half a certificate', half(ec.certificatePem), ec.privateKeyPem, now, /certificate is not PEM/],
    ['an empty key', ec.certificatePem, '', now, /PEM private key/],
    ['garbage for a key', ec.certificatePem, 'garbage', now, /PEM private key/],
    ['half a key', ec.certificatePem, half(ec.privateKeyPem), now, /PEM private key/],
    ['the files swapped', ec.privateKeyPem, ec.certificatePem, now, /certificate is not PEM/],
    ['a broken chain', ec.certificatePem + half(authority.certificatePem), ec.privateKeyPem, now, /chain/],
  ] as const) {
    const reading = readServingPair(certificate, key, time)
    if (reading.isUsable) t.fail(`${name} was taken`)
    else t.match(reading.problem, problem, name)
  }
})

t.test('a refusal holds nothing of the key', async (t) => {
  const reading = readServingPair(ec.certificatePem, otherEc.privateKeyPem, now)
  const keyLine = otherEc.privateKeyPem.split('\n')[1] ?? 'no line'
  t.notOk(JSON.stringify(reading).includes(keyLine))
})
