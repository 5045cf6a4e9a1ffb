import { once } from 'node:events'
import { createSecureContext, createServer, type SecureVersion } from 'node:tls'
import t, { type Test } from 'tap'
import {
  buildSecureContextOptions,
  CIPHER_SUITE_NAMES,
  readTlsSettings,
  TlsOptionError,
} from '../../../src/webhook/certificates/tls-options.ts'
import { createTestAuthority, issueLocalPair } from '../../support/certificates.ts'
import { openTls } from '../../support/https-client.ts'

const authority = await createTestAuthority()
const ecPair = await issueLocalPair(authority)

async function serve(t: Test, flags: Parameters<typeof readTlsSettings>[0]): Promise<number> {
  const server = createServer(buildSecureContextOptions(readTlsSettings(flags), ecPair), (socket) => {
    socket.on('error', () => socket.destroy())
    socket.end()
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** What a client that speaks one version alone agrees on, or `refused`. */
async function shakeHands(port: number, version: SecureVersion, ciphers?: string): Promise<string> {
  const list = ciphers ?? (version < 'TLSv1.2' ? 'DEFAULT:@SECLEVEL=0' : undefined)
  try {
    const socket = await openTls(port, {
      ca: authority.certificatePem,
      minVersion: version,
      maxVersion: version,
      ...(list === undefined ? {} : { ciphers: list }),
    })
    const agreed = `${socket.getProtocol()} ${socket.getCipher().standardName}`
    socket.destroy()
    return agreed
  } catch {
    return 'refused'
  }
}

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const

for (const [flag, floor] of [
  [undefined, 'TLSv1.2'],
  ['', 'TLSv1.2'],
  ['1.0', 'TLSv1'],
  ['VersionTLS10', 'TLSv1'],
  ['1.1', 'TLSv1.1'],
  ['VersionTLS11', 'TLSv1.1'],
  ['1.2', 'TLSv1.2'],
  ['VersionTLS12', 'TLSv1.2'],
  ['1.3', 'TLSv1.3'],
  ['VersionTLS13', 'TLSv1.3'],
] as const) {
  t.test(`--tls-min-version=${flag} serves ${floor} and newer, nothing older`, async (t) => {
    const port = await serve(t, { minVersion: flag })
    for (const version of VERSIONS) {
      const agreed = await shakeHands(port, version)
      if (version < floor) t.equal(agreed, 'refused', version)
      else t.match(agreed, version)
    }
  })
}

t.test('cipher suites govern TLS 1.2 alone, as in Go', async (t) => {
  const port = await serve(t, { cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'] })
  t.equal(await shakeHands(port, 'TLSv1.2'), 'TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384')
  t.equal(await shakeHands(port, 'TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256'), 'refused')
  t.match(await shakeHands(port, 'TLSv1.3'), /^TLSv1.3 TLS_/, 'TLS 1.3 goes on with suites of its own')
})

t.test('suites of TLS 1.3 alone leave TLS 1.2 none, as in Go', async (t) => {
  const port = await serve(t, { cipherSuites: ['TLS_AES_128_GCM_SHA256'] })
  t.equal(await shakeHands(port, 'TLSv1.2'), 'refused')
  const other = 'TLS_CHACHA20_POLY1305_SHA256'
  t.equal(await shakeHands(port, 'TLSv1.3', other), `TLSv1.3 ${other}`, 'and TLS 1.3 all of its own')
})

t.test('old versions go along with chosen suites', async (t) => {
  const port = await serve(t, { minVersion: '1.0', cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'] })
  t.equal(await shakeHands(port, 'TLSv1'), 'TLSv1 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA')
})

t.test('every suite that may be named is one that OpenSSL knows', async (t) => {
  for (const name of CIPHER_SUITE_NAMES) {
    const options = buildSecureContextOptions(readTlsSettings({ cipherSuites: [name] }), undefined)
    t.doesNotThrow(() => createSecureContext(options), name)
  }
})

t.test(
  'a value that cannot be served is refused in one line that names it and what is allowed',
  async (t) => {
    for (const [flags, named, allowed] of [
      [{ minVersion: '1.4' }, '--tls-min-version: "1.4"', 'VersionTLS13'],
      [{ minVersion: 'constructor' }, '"constructor"', '1.3'],
      [{ cipherSuites: ['TLS_NOPE'] }, '--tls-cipher-suites: "TLS_NOPE"', CIPHER_SUITE_NAMES.join(', ')],
      [
        { cipherSuites: ['TLS_RSA_WITH_RC4_128_SHA'] },
        '"TLS_RSA_WITH_RC4_128_SHA"',
        'TLS_AES_128_GCM_SHA256',
      ],
      [{ cipherSuites: ['toString'] }, '"toString"', 'TLS_AES_128_GCM_SHA256'],
    ] as const) {
      try {
        readTlsSettings(flags)
        t.fail(`${named} was taken`)
      } catch (error) {
        if (!t.type(error, TlsOptionError) || !(error instanceof TlsOptionError)) continue
        t.ok(error.message.includes(named) && error.message.includes(allowed), error.message)
        t.notMatch(error.message, /\n/)
      }
    }
  },
)
