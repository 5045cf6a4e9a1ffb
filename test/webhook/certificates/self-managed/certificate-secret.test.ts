import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { restoreCertificateAuthority } from '../../../../src/webhook/certificates/certificate-authority.ts'
import {
  buildSecretPatch,
  readCertificateSecret,
  readStoredAuthority,
} from '../../../../src/webhook/certificates/self-managed/certificate-secret.ts'
import { readServingPair } from '../../../../src/webhook/certificates/serving-pair.ts'
import { createAuthority, type KeyKind } from '../../../support/certificate-authority.ts'

const HOUR_MS = 3_600_000
const nowMs = Date.now()
const good = await createAuthority()
const other = await createAuthority({ name: 'CN=other' })
const leaf = await good.issue({ name: 'CN=leaf' })
const expired = await createAuthority({ name: 'CN=expired', validFromMs: -2 * HOUR_MS, validToMs: -HOUR_MS })
const future = await createAuthority({ name: 'CN=future', validFromMs: 2 * HOUR_MS })
const soon = await createAuthority({ name: 'CN=soon', validFromMs: HOUR_MS / 2 })
const edwards = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

for (const [name, certificate, key, expected] of [
  ['nothing', '', '', { state: 'empty' }],
  ['white space', '\n', ' ', { state: 'empty' }],
  ['an authority', good.certificate, good.key, { state: 'usable' }],
  ['an authority of a clock that is ahead', soon.certificate, soon.key, { state: 'usable' }],
  ['garbage', 'x', good.key, { problem: /certificate is not an authority’s, or not PEM/ }],
  ['a certificate without key', good.certificate, '', { problem: /key is not an unencrypted PEM/ }],
  ['a key without certificate', '', good.key, { problem: /certificate is not/ }],
  ['a leaf', leaf.certificate, leaf.key, { problem: /certificate is not an authority’s/ }],
  ['the key of another', good.certificate, other.key, { problem: /key does not belong/ }],
  ['a key of another kind', good.certificate, edwards, { problem: /key does not belong/ }],
  ['an expired one', expired.certificate, expired.key, { problem: /expired at/ }],
  ['one of the future', future.certificate, future.key, { problem: /not valid before/ }],
] as const) {
  t.test(`reads ${name}`, async (t) => {
    const stored = readStoredAuthority(certificate, key, nowMs)
    t.match(stored, expected)
    if (stored.state === 'unusable') t.notMatch(stored.problem, /\n|PRIVATE|BEGIN/)
  })
}

for (const keyKind of ['ec', 'ec-p384', 'rsa'] as const satisfies readonly KeyKind[]) {
  t.test(`an authority with a key of kind ${keyKind} that somebody made can sign`, async (t) => {
    const { certificate, key } = await createAuthority({ name: 'CN=foreign', keyKind })
    t.equal(readStoredAuthority(certificate, key, nowMs).state, 'usable')
    const authority = restoreCertificateAuthority({ certificatePem: certificate, privateKeyPem: key })
    const validity = { notBefore: new Date(nowMs - HOUR_MS), notAfter: new Date(nowMs + HOUR_MS) }
    const pair = await authority.issue({ names: ['a.b.svc'], ...validity })
    t.ok(readServingPair(pair.certificatePem, pair.privateKeyPem, new Date()).isUsable)
  })
}

t.test(
  'what is written is read again; a time that was said of another authority is not believed',
  async (t) => {
    const [current, next] = [good, other].map(({ certificate, key }) =>
      readStoredAuthority(certificate, key, nowMs),
    )
    if (current?.state !== 'usable' || next?.state !== 'usable') throw new Error('unusable')
    const bundle = [current.authority, next.authority].map(({ privateKeyPem, ...certificate }) => {
      t.ok(privateKeyPem)
      return certificate
    })
    const content = { current: current.authority, next: next.authority, bundle, signingSinceMs: nowMs }
    const patch = JSON.parse(JSON.stringify(buildSecretPatch(content, '7')))
    t.equal(patch.metadata.resourceVersion, '7')
    const read = readCertificateSecret({ ...patch, metadata: { name: 'x', ...patch.metadata } }, nowMs)
    t.strictSame(read, { current, next, bundle, signingSinceMs: nowMs })

    const swapped = { ...patch.data, 'tls.crt': patch.data['next.crt'], 'tls.key': patch.data['next.key'] }
    const foreign = readCertificateSecret(
      { metadata: { name: 'x', ...patch.metadata }, data: swapped },
      nowMs,
    )
    t.match(foreign, { current: { state: 'usable' }, signingSinceMs: undefined })

    const without = buildSecretPatch({ ...content, next: undefined }, '8') as { readonly data: object }
    t.match(without.data, { 'next.crt': null, 'next.key': null }, 'null takes a key away in a merge patch')
  },
)
