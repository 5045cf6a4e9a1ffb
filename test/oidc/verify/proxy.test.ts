import tls from 'node:tls'
import t from 'tap'
import { createTestAuthority, HOUR_MS } from '../../support/certificates.ts'
import { startConnectProxy } from '../../support/connect-proxy.ts'
import { describeIssuer } from './support/healthy-world.ts'
import { DISCOVERY_PAGE, KEYS_PAGE, publish, startIssuer } from './support/issuer-server.ts'
import { useWorld } from './support/use-world.ts'
import { runVerify } from './support/verify-run.ts'

const ISSUER = 'https://oidc.test/cluster'

const world = await useWorld(t)
const authority = await createTestAuthority()
tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority.certificatePem])
const pair = await authority.issue({
  names: ['oidc.test'],
  keyKind: 'p256',
  notBefore: new Date(Date.now() - HOUR_MS),
  notAfter: new Date(Date.now() + HOUR_MS),
})
const server = await startIssuer({ cert: pair.certificatePem, key: pair.privateKeyPem })
t.teardown(() => server.close())
publish(server, DISCOVERY_PAGE, describeIssuer(ISSUER))
publish(server, KEYS_PAGE, { keys: world.cluster.state.pairs.map(({ jwk }) => jwk) })
world.cluster.state.issuer = ISSUER

const proxy = await startConnectProxy(Number(new URL(server.url).port))
t.teardown(() => proxy.close())
const ENV = { ...world.env, HTTPS_PROXY: `http://user:pass-word@127.0.0.1:${proxy.port}` }
const LINE = ['--issuer', ISSUER, '--kubeconfig', world.kubeconfigPath, '-o', 'json']

t.test('the issuer is asked by way of HTTPS_PROXY, and nothing is said of its address', async (t) => {
  const line = [...LINE, '--service-account', 'shop/app']
  const { checks, stdout } = await runVerify(line, { ...ENV, AWS_ENDPOINT_URL_IAM: world.aws.url })
  t.strictSame(
    checks.map(({ status }) => status),
    ['ok', 'ok', 'ok', 'ok', 'failed', 'skipped', 'skipped'],
    stdout,
  )
  t.strictSame(
    proxy.asked.map(({ target }) => target),
    ['oidc.test:443', 'oidc.test:443'],
  )
  t.match(checks[4], {
    message: 'there is no provider arn:aws:iam::111122223333:oidc-provider/oidc.test/cluster',
    hint: `create it with \`pod-identity-webhook oidc provider --issuer ${ISSUER} --audience sts.amazonaws.com\``,
  })
})

t.test('a proxy that refuses is told, without its password', async (t) => {
  proxy.refuse(407)
  const { exitCode, checks, stdout } = await runVerify(LINE, ENV)
  t.equal(exitCode, 1)
  t.match(checks[0], {
    status: 'failed',
    message: /the proxy 127\.0\.0\.1:\d+ answers 407 to CONNECT oidc\.test:443/,
  })
  t.notMatch(stdout, /pass-word/)
})
