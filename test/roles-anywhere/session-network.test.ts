import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { createSession, type SessionSurroundings } from '../../src/roles-anywhere/create-session.ts'
import { createAuthority } from '../support/certificate-authority.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { startRolesAnywhereServer } from '../support/roles-anywhere-server.ts'
import { buildSessionOptions } from '../support/session-options.ts'

const HOST = 'rolesanywhere.eu-central-1.amazonaws.com'
/** Of a network for documentation (RFC 5737): nothing answers there but through the test's proxy. */
const ADDRESS = '192.0.2.7'
const authority = await createAuthority()
const node = await authority.issue({ name: 'CN=node' })
const host = await authority.issue({ name: 'CN=host', dnsNames: [HOST, ADDRESS, '127.0.0.1'] })
const folder = t.testdir({ 'node.pem': node.certificate + node.key, 'ca.pem': authority.certificate })
const certificatePath = join(folder, 'node.pem')
const caPath = join(folder, 'ca.pem')

const surround = (env: Record<string, string> = {}): SessionSurroundings => ({ env, now: () => new Date() })

/** A server for one test, over TLS or not, a proxy that leads to it, and what asks the server. */
async function setUp(t: Test, { isTls }: { readonly isTls: boolean }) {
  const tls = { cert: host.certificate, key: host.key }
  const server = await startRolesAnywhereServer([authority.certificate], isTls ? { tls } : {})
  const proxy = await startConnectProxy(server.port)
  t.teardown(async () => {
    await proxy.close()
    await server.close()
  })
  const ask = (endpoint: string | undefined, env: Record<string, string> = {}) =>
    createSession(buildSessionOptions(certificatePath, { endpoint }), surround(env))
  return { server, proxy, ask }
}

t.test('what is not there is named: host, port, TLS', async (t) => {
  const { server, ask } = await setUp(t, { isTls: false })
  await t.rejects(ask('http://127.0.0.1:1'), {
    message: /nothing listens there \(ECONNREFUSED\); check --endpoint and HTTPS_PROXY$/,
  })
  await t.rejects(ask(`https://127.0.0.1:${server.port}`), { message: /^cannot reach 127/ })
})

t.test('a server that is not trusted gets nothing, unless the user says so', async (t) => {
  const { server, ask } = await setUp(t, { isTls: true })
  await t.rejects(ask(server.url), {
    message: /its certificate is not trusted \(\w+\); name its authority's file in AWS_CA_BUNDLE$/,
  })
  t.equal(server.received.length, 0)
  t.ok(await ask(server.url, { AWS_CA_BUNDLE: caPath }))
  t.ok(await createSession(buildSessionOptions(certificatePath, { endpoint: server.url }, false), surround()))
  await t.rejects(ask(server.url, { AWS_CA_BUNDLE: '/absent.pem' }), {
    message: 'AWS_CA_BUNDLE: cannot read /absent.pem (ENOENT)',
  })
  await t.rejects(ask(server.url, { AWS_CA_BUNDLE: import.meta.filename }), {
    message: /holds no certificate in PEM$/,
  })
})

t.test("HTTPS goes through the proxy's tunnel to AWS's own host, verified end to end", async (t) => {
  const { server, proxy, ask } = await setUp(t, { isTls: true })
  const env = { HTTPS_PROXY: `http://user:p%40ss@127.0.0.1:${proxy.port}`, AWS_CA_BUNDLE: caPath }
  t.ok(await ask(undefined, env))
  t.strictSame(proxy.asked, [
    { target: `${HOST}:443`, authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}` },
  ])
  t.strictSame(server.refusals, [])
  t.ok(await ask(`https://${ADDRESS}`, env), 'an address, for which there is no SNI')
  proxy.refuse(407)
  await t.rejects(ask(undefined, env), {
    message: `cannot reach ${HOST}: the proxy 127.0.0.1:${proxy.port} answers 407 to CONNECT ${HOST}:443`,
  })
})

t.test('a certificate for another name or address is refused through a tunnel too', async (t) => {
  const { server, proxy, ask } = await setUp(t, { isTls: true })
  const env = { HTTPS_PROXY: `127.0.0.1:${proxy.port}`, AWS_CA_BUNDLE: caPath }
  for (const name of ['rolesanywhere-fips.eu-central-1.amazonaws.com', '192.0.2.8']) {
    await t.rejects(ask(`https://${name}`, env), {
      message: `cannot reach ${name}: its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID); check --endpoint and HTTPS_PROXY`,
    })
  }
  t.equal(server.received.length, 0)
})

t.test('plain HTTP is asked of the proxy with its whole URL', async (t) => {
  const { proxy, ask } = await setUp(t, { isTls: false })
  t.ok(await ask('http://anywhere.example', { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }))
  t.match(proxy.asked[0]?.target, /^http:\/\/anywhere\.example\/sessions\?profileArn=/)
})

t.test('an authority of the system is trusted, and one of a profile', async (t) => {
  const { server, ask } = await setUp(t, { isTls: true })
  const folder = t.testdir({ config: `[default]\nca_bundle = ${caPath}\n` })
  t.ok(await ask(server.url, { AWS_CONFIG_FILE: join(folder, 'config') }))

  // The system's store is what OpenSSL was told at the start of a process.
  const program = `
    import { exchange } from ${JSON.stringify(new URL('../../src/aws/http-exchange.ts', import.meta.url).href)}
    const request = { url: new URL(process.env.URL), method: 'GET', headers: {}, body: '' }
    const route = { proxy: undefined, ca: undefined, isCertificateVerified: true }
    const { status } = await exchange(request, route, AbortSignal.timeout(20_000))
    process.stdout.write(String(status))`
  const run = async (env: Record<string, string>) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { URL: server.url, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    return { stdout, stderr }
  }
  t.match(await run({ SSL_CERT_FILE: caPath }), { stdout: /^\d{3}$/ })
  t.match(await run({ SSL_CERT_FILE: '/dev/null', SSL_CERT_DIR: '/dev/null' }), {
    stdout: '',
    stderr: /certificate/,
  })
})
