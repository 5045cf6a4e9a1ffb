import tls from 'node:tls'
import t, { type Test } from 'tap'
import { createTestAuthority, HOUR_MS } from '../../support/certificates.ts'
import { startIssuer } from './support/issuer-server.ts'
import { useWorld } from './support/use-world.ts'
import { runVerify } from './support/verify-run.ts'

const world = await useWorld(t)

interface ServedCertificate {
  readonly name: string
  readonly names?: readonly string[]
  readonly startsInMs?: number
  readonly endsInMs?: number
  readonly isTrusted: boolean
  readonly message: RegExp
  readonly hint: RegExp
}

const CERTIFICATES: readonly ServedCertificate[] = [
  {
    name: 'has expired',
    startsInMs: -2 * HOUR_MS,
    endsInMs: -HOUR_MS,
    isTrusted: true,
    message: /its certificate has expired \(CERT_HAS_EXPIRED\)/,
    hint: /renew/,
  },
  {
    name: 'is not valid yet',
    startsInMs: HOUR_MS,
    isTrusted: true,
    message: /its certificate is not valid yet/,
    hint: /clocks/,
  },
  {
    name: 'is for another name',
    names: ['oidc.test'],
    isTrusted: true,
    message: /its certificate is for another name/,
    hint: /among its names/,
  },
  {
    name: 'is of an authority that only AWS_CA_BUNDLE names',
    isTrusted: false,
    message: /its certificate is not trusted/,
    hint: /public authorities.*NODE_EXTRA_CA_CERTS.*--thumbprint/,
  },
]

for (const { name, names = ['127.0.0.1'], isTrusted, message, hint, ...times } of CERTIFICATES) {
  t.test(`the issuer's certificate ${name}: issuer-reachable fails, and nothing else`, async (t) => {
    const { startsInMs = -HOUR_MS, endsInMs = 24 * HOUR_MS } = times
    const authority = await createTestAuthority()
    const pair = await authority.issue({
      names,
      keyKind: 'p256',
      notBefore: new Date(Date.now() + startsInMs),
      notAfter: new Date(Date.now() + endsInMs),
    })
    if (isTrusted)
      tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority.certificatePem])
    const server = await startIssuer({ cert: pair.certificatePem, key: pair.privateKeyPem })
    t.teardown(() => server.close())
    await expectUnreachable(t, server.url, { message, hint, ca: authority.certificatePem })
  })
}

t.test('the issuer speaks plain HTTP: issuer-reachable fails, and nothing else', async (t) => {
  const server = await startIssuer()
  t.teardown(() => server.close())
  await expectUnreachable(t, server.url, {
    message: /does not speak TLS/,
    hint: /serve HTTPS/,
    ca: world.certificate.ca,
  })
})

t.test('nothing listens at the issuer: issuer-reachable fails, and nothing else', async (t) => {
  const server = await startIssuer(world.certificate)
  await server.close()
  await expectUnreachable(t, server.url, {
    message: /nothing listens there \(ECONNREFUSED\)/,
    hint: /host and port/,
    ca: world.certificate.ca,
  })
})

async function expectUnreachable(
  t: Test,
  issuerUrl: string,
  { message, hint, ca }: { readonly message: RegExp; readonly hint: RegExp; readonly ca: string },
): Promise<void> {
  world.cluster.state.issuer = issuerUrl
  const { exitCode, checks } = await runVerify(
    ['--issuer', issuerUrl, '--kubeconfig', world.kubeconfigPath, '-o', 'json'],
    {
      ...world.env,
      AWS_ACCESS_KEY_ID: '',
      AWS_CA_BUNDLE: `${t.testdir({ 'bundle.pem': ca })}/bundle.pem`,
    },
  )
  t.equal(exitCode, 1)
  t.match(checks[0], { id: 'issuer-reachable', status: 'failed', message, hint })
  t.strictSame(
    checks.slice(1).map(({ status }) => status),
    Array.from({ length: 6 }, () => 'skipped'),
  )
}
