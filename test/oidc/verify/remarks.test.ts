import t from 'tap'
import { fetchDocument } from '../../../src/oidc/verify/fetched-document.ts'
import { isPrivateAddress, remarkOnAddress } from '../../../src/oidc/verify/private-address.ts'
import { ROLE_ARN } from './support/fake-aws.ts'
import { createSigningPair } from './support/fake-cluster.ts'
import { describeIssuer, SUBJECT, writePolicy } from './support/healthy-world.ts'
import { DISCOVERY_PAGE, KEYS_PAGE, publish } from './support/issuer-server.ts'
import { useWorld } from './support/use-world.ts'
import { runVerify, type VerifyRun } from './support/verify-run.ts'

const world = await useWorld(t)
const { issuer, aws, cluster, providerArn, hostPath } = world
const [pair] = cluster.state.pairs

function statusOf({ checks }: VerifyRun, id: string) {
  return checks.find((check) => check.id === id)
}

interface Remark {
  readonly name: string
  readonly make: () => void
  readonly id: string
  readonly status: 'warning' | 'skipped'
  readonly message: RegExp
  readonly hint: RegExp
  readonly env?: Readonly<Record<string, string>>
  /** In place of the full command line. */
  readonly args?: readonly string[]
}

const setTrust = (changes: Readonly<Record<string, unknown>>) =>
  aws.state.roles.set(ROLE_ARN, JSON.stringify(writePolicy(providerArn, hostPath, changes)))

const REMARKS: readonly Remark[] = [
  {
    name: 'the discovery document has no content type',
    make: () =>
      issuer.pages.set(DISCOVERY_PAGE, {
        headers: { 'content-type': 'binary/octet-stream' },
        body: JSON.stringify(describeIssuer(issuer.url)),
      }),
    id: 'issuer-reachable',
    status: 'warning',
    message: /content type is "binary\/octet-stream"/,
    hint: /application\/json/,
  },
  {
    name: 'the issuer has a private address, and STS is the real one',
    make() {},
    env: { AWS_ENDPOINT_URL_STS: 'https://sts.test' },
    args: world.shortLine,
    id: 'issuer-reachable',
    status: 'warning',
    message: /has the private address 127\.0\.0\.1 here/,
    hint: /where the internet reaches it/,
  },
  {
    name: 'a key is published twice, and once without a kid',
    make: () => publish(issuer, KEYS_PAGE, { keys: [pair?.jwk, pair?.jwk, { ...pair?.jwk, kid: '' }] }),
    id: 'keys-published',
    status: 'warning',
    message:
      /^3 keys are published; the kid "[\w-]+" is listed more than once; a key is listed with an empty kid$/,
    hint: /older than 1\.16/,
  },
  {
    name: 'the trust policy has no sub',
    make: () => setTrust({ Condition: { StringEquals: { [`${hostPath}:aud`]: 'sts.amazonaws.com' } } }),
    id: 'role-trusts',
    status: 'warning',
    message: /accepts every ServiceAccount of the issuer/,
    hint: /:sub with system:serviceaccount:shop:app/,
  },
  {
    name: 'the trust policy has no aud',
    make: () => setTrust({ Condition: { StringEquals: { [`${hostPath}:sub`]: SUBJECT } } }),
    id: 'role-trusts',
    status: 'warning',
    message: /accepts every audience: the aud condition is missing/,
    hint: /:aud with sts\.amazonaws\.com/,
  },
  {
    name: 'the trust policy depends on the address',
    make: () => setTrust({ Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }),
    id: 'role-trusts',
    status: 'warning',
    message: /cannot be told: statement 1 depends on IpAddress of "aws:SourceIp"/,
    hint: /role-assumable/,
  },
  {
    name: 'the provider may not be looked at',
    make: () =>
      aws.state.faults.set('GetOpenIDConnectProvider', { code: 'AccessDenied', message: 'no', status: 403 }),
    id: 'provider-exists',
    status: 'skipped',
    message: /may not look: iam:GetOpenIDConnectProvider is denied/,
    hint: /allow iam:GetOpenIDConnectProvider on arn:aws:iam::111122223333:oidc-provider\//,
  },
  {
    name: 'the role may not be looked at',
    make: () => aws.state.faults.set('GetRole', { code: 'AccessDenied', message: 'no', status: 403 }),
    id: 'role-trusts',
    status: 'skipped',
    message: /may not look: iam:GetRole is denied/,
    hint: /allow iam:GetRole on arn:aws:iam::111122223333:role\/team\/app/,
  },
  {
    name: 'the AWS credentials are of another account',
    make: () => {
      aws.state.callerAccountId = '444455556666'
    },
    id: 'role-trusts',
    status: 'skipped',
    message: /of account 444455556666, and the role is of 111122223333/,
    hint: /use credentials of 111122223333/,
  },
  {
    name: 'there are no AWS credentials',
    make() {},
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_REGION: '' },
    id: 'provider-exists',
    status: 'skipped',
    message: /there are no AWS credentials/,
    hint: /AWS_PROFILE/,
  },
  {
    name: 'there is no cluster',
    make() {},
    args: ['--issuer', issuer.url, '--service-account', 'shop/app'],
    id: 'issuer-matches',
    status: 'warning',
    message: /the cluster's is not known: no cluster is configured/,
    hint: /--kubeconfig/,
  },
  {
    name: 'no ServiceAccount and no role are named',
    make() {},
    args: world.shortLine,
    id: 'role-assumable',
    status: 'skipped',
    message: /no role is named/,
    hint: /--role-arn/,
  },
]

for (const { name, make, id, status, message, hint, env = {}, args = world.fullLine } of REMARKS) {
  t.test(`${name}: ${id} is a ${status}, and nothing fails`, async (t) => {
    world.reset()
    make()
    const withoutAws = 'AWS_ENDPOINT_URL_STS' in env ? { AWS_ACCESS_KEY_ID: '' } : {}
    const run = await runVerify([...args, '-o', 'json'], { ...world.env, ...withoutAws, ...env })
    t.equal(run.exitCode, 0, run.stdout)
    t.match(statusOf(run, id), { status, message, hint })
  })
}

t.test('without AWS credentials the role is taken all the same, by an unsigned call', async (t) => {
  world.reset()
  const run = await runVerify([...world.fullLine, '-o', 'json'], { ...world.env, AWS_ACCESS_KEY_ID: '' })
  t.match(statusOf(run, 'role-assumable'), { status: 'ok' })
  t.match(aws.calls.at(-1), { action: 'AssumeRoleWithWebIdentity', isSigned: false })
})

t.test('during a rotation all keys of the cluster must be published, and old ones may be', async (t) => {
  world.reset()
  const next = createSigningPair()
  const old = createSigningPair()
  if (pair !== undefined) cluster.state.pairs = [pair, next]
  publish(issuer, KEYS_PAGE, { keys: [old.jwk, pair?.jwk, next.jwk] })
  const run = await runVerify([...world.fullLine, '-o', 'json'], world.env)
  t.match(statusOf(run, 'keys-published'), { status: 'ok', message: /^3 keys are published/ })
  t.match(statusOf(run, 'token-verifies'), { status: 'ok' })
})

t.test('a cluster that does not answer fails issuer-matches, and is not asked again', async (t) => {
  world.reset()
  const away = world.cluster.kubeconfig.replace(/https:\/\/127\.0\.0\.1:\d+/, 'https://127.0.0.1:1')
  const path = `${t.testdir({ config: away })}/config`
  const args = ['--issuer', issuer.url, '--kubeconfig', path, '--service-account', 'shop/app', '-o', 'json']
  const run = await runVerify(args, world.env)
  t.equal(run.exitCode, 1)
  t.match(statusOf(run, 'issuer-matches'), { status: 'failed', message: /the cluster does not answer/ })
  t.match(statusOf(run, 'token-verifies'), { status: 'skipped', message: /issuer-matches failed/ })
})

t.test('a document that does not come in time is told as such', async (t) => {
  world.reset()
  issuer.pages.set(KEYS_PAGE, 'hang')
  const found = await fetchDocument(`${issuer.url}/keys.json`, { env: {}, timeoutMs: 50 })
  t.match(found, {
    kind: 'failed',
    flaw: { message: /does not answer in time \(0\.05 s\)/, hint: /firewalls/ },
  })
})

t.test('private addresses are those that the internet does not lead to', async (t) => {
  for (const address of [
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '::1',
    'fd00::1',
    'fe80::1',
  ])
    t.ok(isPrivateAddress(address), address)
  for (const address of ['8.8.8.8', '172.32.0.1', '52.94.76.1', '2600:1f00::1', 'oidc.test'])
    t.notOk(isPrivateAddress(address), address)
})

t.test('an address is remarked on only where STS goes by the internet, and this machine too', async (t) => {
  const remark = (url: string, env: Readonly<Record<string, string>>) => remarkOnAddress(new URL(url), env)
  const [found] = await remark('https://10.0.0.1/cluster', { AWS_ENDPOINT_URL: 'https://sts.test' })
  t.match(found, { message: '10.0.0.1 has the private address 10.0.0.1 here, which STS cannot reach' })
  t.match(await remark('https://[fd00::1]:8443/', {}), [{ message: /private address fd00::1/ }])
  t.strictSame(await remark('https://8.8.8.8/', {}), [])
  t.strictSame(await remark('https://10.0.0.1/', { HTTPS_PROXY: 'http://proxy.test' }), [])
  t.strictSame(await remark('https://10.0.0.1/', { AWS_ENDPOINT_URL_STS: 'http://localhost:5000' }), [])
})
