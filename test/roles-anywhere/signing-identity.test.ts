import { createPrivateKey, generateKeyPairSync, type KeyExportOptions } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { RolesAnywhereError } from '../../src/roles-anywhere/roles-anywhere-error.ts'
import { readSigningIdentity } from '../../src/roles-anywhere/signing-identity.ts'
import { createAuthority, type Issued } from '../support/certificate-authority.ts'
import { replaceKeyAlgorithm } from '../support/key-algorithm.ts'

const PASSWORD = 'correct horse'
const authority = await createAuthority()
const intermediate = await authority.issue({ name: 'CN=Intermediate', isAuthority: true })
const ec = await intermediate.issue({ name: 'CN=ec' })
const rsa = await authority.issue({ name: 'CN=rsa', keyKind: 'rsa' })

interface Source {
  readonly certificate?: string
  readonly key?: string
  readonly intermediates?: string
  readonly password?: string
  readonly passwordFile?: string
}

/** Reads an identity from files of a test's folder, named as in `source`. */
function readFrom(
  folder: string,
  { certificate = 'cert', key, intermediates, password, passwordFile }: Source,
  now = new Date(),
) {
  const at = (name: string) => join(folder, name)
  const keyPassword = passwordFile === undefined ? undefined : { path: at(passwordFile) }
  return readSigningIdentity(
    {
      certificatePath: at(certificate),
      privateKeyPath: key === undefined ? undefined : at(key),
      intermediatesPath: intermediates === undefined ? undefined : at(intermediates),
      keyPassword: password === undefined ? keyPassword : { text: password },
    },
    now,
  )
}

function encodeKey({ key }: Issued, options: object): string | Buffer {
  return createPrivateKey(key).export(options as KeyExportOptions) as string | Buffer
}

const toDer = (pem: string) => Buffer.from(pem.replaceAll(/-----[^-]+-----/g, ''), 'base64')

t.test('keys are read in every encoding, RSA and EC', async (t) => {
  const encrypted = { cipher: 'aes-256-cbc', passphrase: PASSWORD }
  const encodings: [string, Issued, object][] = [
    ['PKCS#8 PEM', ec, { type: 'pkcs8', format: 'pem' }],
    ['PKCS#8 DER', ec, { type: 'pkcs8', format: 'der' }],
    ['SEC 1 PEM', ec, { type: 'sec1', format: 'pem' }],
    ['SEC 1 DER', ec, { type: 'sec1', format: 'der' }],
    ['PKCS#8 PEM', rsa, { type: 'pkcs8', format: 'pem' }],
    ['PKCS#8 DER', rsa, { type: 'pkcs8', format: 'der' }],
    ['PKCS#1 PEM', rsa, { type: 'pkcs1', format: 'pem' }],
    ['PKCS#1 DER', rsa, { type: 'pkcs1', format: 'der' }],
    ['encrypted PKCS#8 PEM', ec, { type: 'pkcs8', format: 'pem', ...encrypted }],
    ['encrypted PKCS#8 DER', rsa, { type: 'pkcs8', format: 'der', ...encrypted }],
    ['encrypted PKCS#1 PEM', rsa, { type: 'pkcs1', format: 'pem', ...encrypted }],
    ['encrypted SEC 1 PEM', ec, { type: 'sec1', format: 'pem', ...encrypted }],
  ]
  for (const [name, issued, options] of encodings) {
    const folder = t.testdir({ cert: issued.certificate, key: encodeKey(issued, options) })
    const identity = readFrom(folder, {
      key: 'key',
      ...(name.includes('encrypted') ? { password: PASSWORD } : {}),
    })
    t.equal(identity.algorithm, issued === rsa ? 'AWS4-X509-RSA-SHA256' : 'AWS4-X509-ECDSA-SHA256', name)
  }
})

t.test(
  'a DER certificate is read, and a key in the file of a PEM certificate, before or after it',
  async (t) => {
    const folder = t.testdir({
      der: toDer(rsa.certificate),
      key: rsa.key,
      after: `${rsa.certificate}${rsa.key}`,
      before: `# a comment\n${rsa.key}\n${rsa.certificate.replaceAll('\n', '\r\n')}`,
    })
    const certificate = toDer(rsa.certificate).toString('base64')
    t.equal(readFrom(folder, { certificate: 'der', key: 'key' }).certificate, certificate)
    t.equal(readFrom(folder, { certificate: 'after' }).certificate, certificate)
    t.equal(readFrom(folder, { certificate: 'before' }).certificate, certificate)
  },
)

t.test('a chain in the certificate’s file and --intermediates are sent, each certificate once', async (t) => {
  const folder = t.testdir({
    cert: ec.certificate + intermediate.certificate + ec.key,
    more: intermediate.certificate + authority.certificate,
  })
  const [one, two] = [intermediate, authority].map(({ certificate }) => toDer(certificate).toString('base64'))
  t.strictSame(readFrom(folder, {}).intermediates, [one])
  t.strictSame(readFrom(folder, { intermediates: 'more' }).intermediates, [one, two])
})

t.test('serial numbers are decimal, over 64 bits and with leading zeros too', async (t) => {
  for (const [serialNumber, decimal] of [
    ['01', '1'],
    ['00000000000000000a', '10'],
    ['7fffffffffffffffffffffffffffffffffffffff', '730750818665451459101842416358141509827966271487'],
    ['00ffffffffffffffffff', '4722366482869645213695'],
  ]) {
    const leaf = await authority.issue({ name: 'CN=serial', serialNumber: serialNumber ?? '' })
    const folder = t.testdir({ cert: leaf.certificate + leaf.key })
    t.equal(readFrom(folder, {}).serialNumber, decimal)
  }
})

t.test('the password comes from a file, whose line end is no part of it', async (t) => {
  const key = encodeKey(ec, { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSWORD })
  const folder = t.testdir({ cert: ec.certificate, key, password: `${PASSWORD}\r\n` })
  t.ok(readFrom(folder, { key: 'key', passwordFile: 'password' }))
})

t.test('what cannot be used is refused in one line, without key material', async (t) => {
  const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSWORD }
  const mlDsa = generateKeyPairSync('ml-dsa-65').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const expired = await authority.issue({
    name: 'CN=expired',
    validFromMs: -7_200_000,
    validToMs: -3_600_000,
  })
  const future = await authority.issue({ name: 'CN=future', validFromMs: 3_600_000 })
  const folder = t.testdir({
    cert: ec.certificate,
    'cert-chain-first': intermediate.certificate + ec.certificate,
    key: ec.key,
    'other-key': rsa.key,
    encrypted: encodeKey(ec, encrypted),
    empty: '',
    text: 'hello',
    'broken-cert': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'broken-key': `-----BEGIN PRIVATE KEY-----\n${ec.key.split('\n')[1]}\n-----END PRIVATE KEY-----\n`,
    'ml-dsa': mlDsa,
    ed25519,
    tpm: '-----BEGIN TSS2 PRIVATE KEY-----\nAAAA\n-----END TSS2 PRIVATE KEY-----\n',
    // How every PKCS#12 begins: version 3, then a sequence.
    'bundle.p12': Buffer.from('300702010330020500', 'hex'),
    expired: expired.certificate + expired.key,
    future: future.certificate + future.key,
    folder: {},
  })
  const cases: [Source, RegExp][] = [
    [{ certificate: 'absent', key: 'key' }, /^cannot read the certificate .*absent: there is no such file$/],
    [{ certificate: 'folder', key: 'key' }, /folder: it is a folder$/],
    [{ certificate: 'empty', key: 'key' }, /^no certificate in .*empty: it must be in PEM or DER$/],
    [{ certificate: 'text', key: 'key' }, /^no certificate in .*text/],
    [{ certificate: 'broken-cert', key: 'key' }, /^cannot read a certificate in .*: it is damaged$/],
    [
      { certificate: 'bundle.p12' },
      /is PKCS#12, which is not built; turn it into PEM: openssl pkcs12 -in \S+ -noenc -out \S+\.pem$/,
    ],
    [{ key: 'absent' }, /^cannot read the private key .*absent: there is no such file$/],
    [{ key: 'empty' }, /^no private key in .*empty: a key is read in PEM or DER/],
    [{ key: 'text' }, /^no private key in/],
    [{}, /^no private key in .*cert: it holds certificates alone; .*--private-key$/],
    [{ key: 'broken-key' }, /^cannot read the private key in .*: it is damaged/],
    [{ key: 'other-key' }, /^the private key does not belong to the certificate in/],
    [{ certificate: 'cert-chain-first', key: 'key' }, /whose first certificate must be the key's own$/],
    [
      { key: 'encrypted' },
      /is encrypted; give its password by --pkcs8-password-file or ROLES_ANYWHERE_KEY_PASSWORD$/,
    ],
    [{ key: 'encrypted', password: 'wrong-password' }, /: the password is wrong/],
    [{ key: 'encrypted', passwordFile: 'absent' }, /^cannot read the password file .*absent/],
    [{ key: 'ml-dsa' }, /^the key in .* is of type ML-DSA, which is not built/],
    [{ key: 'ed25519' }, /is of type ed25519; IAM Roles Anywhere takes/],
    [{ key: 'tpm' }, /is in a TPM, which is not built/],
    [{ key: 'key', intermediates: 'absent' }, /^cannot read the intermediates .*absent/],
    [{ key: 'key', intermediates: 'empty' }, /^no certificate in .*empty/],
    [{ certificate: 'expired' }, /^the certificate in .* expired at \d{4}-.*Z; renew it/],
    [{ certificate: 'future' }, /^the certificate in .* is not valid before \d{4}-.*clock$/],
  ]
  const secrets = [ec.key, rsa.key, mlDsa]
    .map((key) => key.split('\n')[1] ?? '')
    .concat(PASSWORD, 'wrong-password')
  for (const [source, message] of cases) {
    const error = catchError(() => readFrom(folder, source))
    t.ok(error instanceof RolesAnywhereError, `${JSON.stringify(source)}: ${error}`)
    t.match(error?.message, message)
    t.notMatch(error?.message, /\n/)
    for (const secret of secrets) t.notOk(error?.message.includes(secret))
  }
})

t.test('a certificate for an ML-DSA key is refused by its OID', async (t) => {
  const mlDsa65 = Buffer.from('0609608648016503040312', 'hex')
  const folder = t.testdir({ cert: replaceKeyAlgorithm(toDer(ec.certificate), mlDsa65), key: ec.key })
  t.throws(() => readFrom(folder, { key: 'key' }), {
    message: /^the key of the certificate in .* is of type ML-DSA/,
  })
})

t.test(
  'a file that this user may not read is named',
  { skip: process.getuid?.() === 0 && 'root reads all' },
  async (t) => {
    const folder = t.testdir({ cert: ec.certificate, key: ec.key })
    chmodSync(join(folder, 'key'), 0)
    t.throws(() => readFrom(folder, { key: 'key' }), { message: /it may not be read by this user$/ })
  },
)

t.test('PKCS#11 URIs and TPM handles are refused by name', async (t) => {
  const read = (certificatePath: string, privateKeyPath: string) =>
    readSigningIdentity(
      { certificatePath, privateKeyPath, intermediatesPath: undefined, keyPassword: undefined },
      new Date(),
    )
  t.throws(() => read('pkcs11:object=key', 'key'), {
    message: /^the certificate is a PKCS#11 URI, which is not built/,
  })
  const folder = t.testdir({ cert: ec.certificate })
  t.throws(() => read(join(folder, 'cert'), 'handle:0x81000001'), {
    message: /^the private key is the handle of a TPM key/,
  })
})

function catchError(action: () => unknown): Error | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return error as Error
  }
}

t.test('a private key has no business among the intermediates', async (t) => {
  const folder = t.testdir({ cert: ec.certificate + ec.key, chain: intermediate.certificate + rsa.key })
  t.throws(() => readFrom(folder, { intermediates: 'chain' }), {
    name: 'RolesAnywhereError',
    message:
      /^there is a private key in .*chain, among the intermediates; give a file of certificates alone$/,
  })
})
