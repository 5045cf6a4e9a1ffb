import { createHash, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readKeyFiles } from '../../../src/oidc/documents/key-files.ts'
import { EC, pathOf, RSA, VECTORS } from '../support/signing-keys.ts'

for (const [name, expected] of Object.entries(VECTORS)) {
  t.test(`${name} has its known answer, members in their order`, async (t) => {
    const [key] = await readKeyFiles([pathOf(name)])
    t.equal(JSON.stringify(key), JSON.stringify(expected))
  })
}

t.test('the kid is the SHA-256 of what stands between the lines of a public key', async (t) => {
  const lines = readFileSync(pathOf('rsa.pub'), 'utf8').trim().split('\n').slice(1, -1).join('')
  t.equal(RSA.kid, createHash('sha256').update(Buffer.from(lines, 'base64')).digest('base64url'))
})

t.test('several keys in several files are listed in their order, the same one once', async (t) => {
  const both = `text before\n${['rsa.crt', 'p256.pub', 'rsa.pub'].map((name) => readFileSync(pathOf(name), 'utf8')).join('\n')}`
  const folder = t.testdir({ both, crlf: both.replaceAll('\n', '\r\n') })
  t.strictSame(await readKeyFiles([join(folder, 'both'), pathOf('rsa-pkcs1.pub')]), [RSA, EC])
  t.strictSame(await readKeyFiles([join(folder, 'crlf')]), [RSA, EC])
})

function pem(key: { export(options: { type: 'spki'; format: 'pem' }): string | Buffer }): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PRIVATE = {
  'PKCS#8': rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  'PKCS#1': rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  encrypted: rsa.privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString(),
  'beside its public one': pem(rsa.publicKey) + rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }),
}
for (const [name, text] of Object.entries(PRIVATE)) {
  t.test(`a private key is refused: ${name}`, async (t) => {
    const path = join(t.testdir({ key: text }), 'key')
    await t.rejects(readKeyFiles([path]), {
      message: `key file ${path}: it holds a private key, which must never be published; give the public one: openssl pkey -in FILE -pubout`,
    })
  })
}

const UNSUPPORTED: readonly (readonly [string, string, RegExp])[] = [
  ['Ed25519', pem(generateKeyPairSync('ed25519').publicKey), /ed25519 is not supported: API servers sign/],
  ['RSA-PSS', pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey), /rsa-pss is not/],
  ['secp256k1', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey), /secp256k1/],
  ['brainpool', pem(generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).publicKey), /brainpool/],
  ['a short RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), /1024 bits is too/],
  ['no key', 'just text', /holds no key; give a public key/],
  ['an empty file', '', /holds no key/],
  [
    'a request for a certificate',
    '-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----',
    /X509 CRL is not/,
  ],
  [
    'a broken key',
    '-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----',
    /PUBLIC KEY in it cannot be read/,
  ],
  [
    'a broken certificate',
    '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----',
    /CERTIFICATE in it/,
  ],
  ['a key that is cut off', `${pem(rsa.publicKey)}${pem(rsa.publicKey).slice(0, 100)}`, /cut off/],
]
for (const [name, text, message] of UNSUPPORTED) {
  t.test(`refused in one line: ${name}`, async (t) => {
    const path = join(t.testdir({ key: text }), 'key')
    await t.rejects(readKeyFiles([path]), { message })
    await t.rejects(readKeyFiles([pathOf('rsa.pub'), path]), { message: /^key file [^\n]*$/ })
  })
}

t.test('a file that cannot be read is named', async (t) => {
  await t.rejects(readKeyFiles(['/nonexistent.pub']), {
    message: 'cannot read the key file /nonexistent.pub (ENOENT)',
  })
})
