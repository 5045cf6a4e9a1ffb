import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createAuthority } from '../../support/certificate-authority.ts'
import { runProgramProcess } from '../../support/program-run.ts'
import { type RolesAnywhereApi, startRolesAnywhereApi } from '../../support/roles-anywhere-api.ts'

const cluster = await createAuthority({ name: 'CN=kubernetes' })
const next = await createAuthority({ name: 'CN=kubernetes 2' })
const node = await cluster.issue({ name: 'O=system:nodes, CN=system:node:one' })
const ended = await createAuthority({ name: 'CN=old', validFromMs: -120_000, validToMs: -60_000 })
const ARN =
  'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-0000-0000-000000000001'

async function setUp(t: Test) {
  const api = await startRolesAnywhereApi()
  t.teardown(() => api.close())
  const folder = t.testdir({
    'ca.crt': cluster.certificate,
    'next.crt': next.certificate,
    'with-key.pem': `text before\n${cluster.certificate}${cluster.key}`,
    'twice.crt': cluster.certificate + cluster.certificate,
    'leaf.crt': node.certificate,
    'ended.crt': ended.certificate,
    'empty.crt': '',
    'damaged.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  })
  const ensure = (args: readonly string[], { env = api.env, stdin = '' } = {}) =>
    runProgramProcess(['trust-anchor', 'ensure', ...args], { env, stdin, program: 'roles-anywhere' })
  return { api, ensure, file: (name: string) => join(folder, name) }
}

function subjectsOf({ trustAnchors }: RolesAnywhereApi): readonly string[] {
  const [{ source } = { source: undefined }] = trustAnchors
  const { sourceData } = source as { sourceData: { x509CertificateData: string } }
  const blocks = sourceData.x509CertificateData.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  return blocks.map((pem) => new X509Certificate(pem).subject)
}

const WRITES = /^(?:POST|PATCH)/

t.test('a trust anchor is made once; then there is nothing to change', async (t) => {
  const { api, ensure, file } = await setUp(t)
  const args = ['my-cluster', '--certificate', file('ca.crt')]
  const first = await ensure(args)
  t.strictSame(first, {
    code: 0,
    stdout: `created trust-anchor/my-cluster: trust anchor for certificates of "CN=kubernetes"\ntrust anchor my-cluster: ${ARN}\n`,
    stderr: '',
  })
  t.match(api.trustAnchors, [
    { name: 'my-cluster', enabled: true, source: { sourceType: 'CERTIFICATE_BUNDLE' } },
  ])
  t.strictSame(subjectsOf(api), ['CN=kubernetes'])
  const second = await ensure([...args, '--output', 'json'])
  t.strictSame(JSON.parse(second.stdout), { changes: [], trustAnchorArn: ARN })
  t.equal(api.calls.filter((call) => WRITES.test(call)).length, 1)
})

t.test('with --output json the ARN of one that is new is told', async (t) => {
  const { ensure, file } = await setUp(t)
  const { stdout } = await ensure(['my-cluster', '--certificate', file('ca.crt'), '-o', 'json'])
  t.match(JSON.parse(stdout), { changes: [{ action: 'create' }], trustAnchorArn: ARN })
})

t.test('only certificates leave the machine, each once, from a file or standard input', async (t) => {
  for (const name of ['with-key.pem', 'twice.crt', '-']) {
    const { api, ensure, file } = await setUp(t)
    const path = name === '-' ? '-' : file(name)
    const stdin = name === '-' ? cluster.certificate + cluster.key : ''
    t.match(await ensure(['my-cluster', '--certificate', path], { stdin }), { code: 0, stderr: '' }, name)
    t.strictSame(subjectsOf(api), ['CN=kubernetes'])
    t.notMatch(JSON.stringify(api.trustAnchors), 'PRIVATE KEY')
  }
})

t.test('an authority that follows is added, and with --replace stands alone', async (t) => {
  const { api, ensure, file } = await setUp(t)
  await ensure(['my-cluster', '--certificate', file('ca.crt')])
  const added = await ensure(['my-cluster', '--certificate', file('next.crt')])
  t.match(added.stdout, `updated ${ARN}: "CN=kubernetes 2" added\n`)
  t.match(added.stdout, 'my-cluster also trusts "CN=kubernetes"; --replace takes that away\n')
  t.strictSame(subjectsOf(api), ['CN=kubernetes', 'CN=kubernetes 2'])
  const replaced = await ensure(['my-cluster', '--certificate', file('next.crt'), '--replace'])
  t.match(replaced.stdout, `updated ${ARN}: "CN=kubernetes" taken away\n`)
  t.strictSame(subjectsOf(api), ['CN=kubernetes 2'])
})

t.test('what somebody else adds between plan and change stays', async (t) => {
  const { api, ensure, file } = await setUp(t)
  await ensure(['my-cluster', '--certificate', file('ca.crt')])
  const third = await createAuthority({ name: 'CN=theirs' })
  api.meddle = (call) => {
    const source = api.trustAnchors[0]?.['source'] as { sourceData: { x509CertificateData: string } }
    if (call.startsWith('GET /trustanchor/')) source.sourceData.x509CertificateData += third.certificate
  }
  t.equal((await ensure(['my-cluster', '--certificate', file('next.crt')])).code, 0)
  t.strictSame(subjectsOf(api), ['CN=kubernetes', 'CN=theirs', 'CN=kubernetes 2'])
})

t.test('a disabled one is enabled', async (t) => {
  const { api, ensure, file } = await setUp(t)
  await ensure(['my-cluster', '--certificate', file('ca.crt')])
  for (const anchor of api.trustAnchors) anchor['enabled'] = false
  t.match(await ensure(['my-cluster', '--certificate', file('ca.crt')]), {
    code: 0,
    stdout: `updated ${ARN}: enabled\n`,
  })
  t.match(api.trustAnchors, [{ enabled: true }])
})

t.test('it is found on a later page, and two of one name are refused', async (t) => {
  const { api, ensure, file } = await setUp(t)
  for (const name of ['a', 'b', 'c', 'd']) await ensure([name, '--certificate', file('ca.crt')])
  const writeCount = () => api.calls.filter((call) => WRITES.test(call)).length
  const before = writeCount()
  t.match(await ensure(['d', '--certificate', file('ca.crt')]), { code: 0, stdout: /nothing to change/ })
  t.equal(writeCount(), before)
  for (const anchor of api.trustAnchors.slice(2)) anchor['name'] = 'same'
  t.match(await ensure(['same', '--certificate', file('ca.crt')]), {
    code: 1,
    stderr:
      /2 of the account's trust anchors are named same \(.*0003, .*0004\): rename or delete all but one\n$/,
  })
  t.equal(writeCount(), before)
})

t.test('--dry-run only reads, and prints AWS CLI commands', async (t) => {
  const { api, ensure, file } = await setUp(t)
  const create = await ensure(['my-cluster', '--certificate', file('ca.crt'), '--dry-run'])
  t.match(
    create.stdout,
    /^aws rolesanywhere create-trust-anchor --name my-cluster --source file:\/\/\/dev\/stdin --enabled <<'END'$/m,
  )
  t.match(create.stdout, '"sourceType": "CERTIFICATE_BUNDLE"')
  t.strictSame(api.trustAnchors, [])
  const env = { ...api.env, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
  const blind = await ensure(['my-cluster', '--certificate', file('ca.crt'), '--dry-run'], { env })
  t.match(blind, { code: 0, stdout: /Made without AWS credentials/ })
  t.match(await ensure(['my-cluster', '--certificate', file('ca.crt')], { env }), {
    code: 1,
    stderr: /rolesanywhere:ListTrustAnchors: there are no AWS credentials: set AWS_PROFILE/,
  })
})

t.test('what cannot be is refused before anybody is asked', async (t) => {
  const { api, ensure, file } = await setUp(t)
  const cases: readonly (readonly [args: readonly string[], error: RegExp])[] = [
    [[], /NAME/],
    [
      ['a/b', '--certificate', file('ca.crt')],
      /the trust anchor's name is "a\/b"; it takes up to 255 letters/,
    ],
    [['one'], /--certificate FILE is needed/],
    [['one', '--certificate', file('none.crt')], /--certificate: cannot read .*none\.crt \(ENOENT\)/],
    [['one', '--certificate', file('empty.crt')], /no certificate in .*empty\.crt/],
    [['one', '--certificate', file('damaged.crt')], /cannot read a certificate in .*damaged/],
    [
      ['one', '--certificate', file('leaf.crt')],
      /is no authority's .*give the certificate of the CA that signs/,
    ],
    [['one', '--certificate', file('ended.crt')], /"CN=old" .* expired at .*: give the one that is in use/],
    [['one', '--certificate', file('ca.crt'), '--region', 'a_b'], /"a_b" is no region/],
  ]
  for (const [args, error] of cases) {
    const run = await ensure(args, { env: { ...api.env, AWS_ENDPOINT_URL_ROLESANYWHERE: '' } })
    t.equal(run.code, 1, args.join(' '))
    t.match(run.stderr, error)
    t.equal(run.stderr.trim().split('\n').length <= 2, true, run.stderr)
  }
  t.strictSame(api.calls, [])
})

t.test('refusals of the service say what to do', async (t) => {
  const { api, ensure, file } = await setUp(t)
  const args = ['my-cluster', '--certificate', file('ca.crt')]
  api.faults.set('POST /trustanchors', { status: 403, code: 'AccessDeniedException' })
  t.match(
    (await ensure(args)).stderr,
    'access denied: these credentials need rolesanywhere:CreateTrustAnchor on *',
  )
  api.faults.set('GET /trustanchors', { status: 403, code: 'UnrecognizedClientException' })
  t.match((await ensure(args)).stderr, 'AWS does not know these credentials')
  api.faults.set('GET /trustanchors', { status: 400, code: 'ValidationException' })
  t.match((await ensure(args)).stderr, 'ValidationException: as told (HTTP 400)')
  const env = { ...api.env, AWS_ENDPOINT_URL_ROLESANYWHERE: 'http://127.0.0.1:1' }
  t.match(
    (await ensure(args, { env })).stderr,
    /rolesanywhere:ListTrustAnchors: cannot reach 127\.0\.0\.1:1: /,
  )
})

t.test('one that takes its certificates from elsewhere is left alone', async (t) => {
  const { api, ensure, file } = await setUp(t)
  api.trustAnchors.push({
    name: 'my-cluster',
    trustAnchorId: '1',
    trustAnchorArn: ARN,
    enabled: true,
    source: { sourceType: 'AWS_ACM_PCA', sourceData: { acmPcaArn: 'arn:aws:acm-pca:…' } },
  })
  t.match(await ensure(['my-cluster', '--certificate', file('ca.crt')]), {
    code: 1,
    stderr: /my-cluster gets its certificates from AWS_ACM_PCA: choose another name, or delete it/,
  })
})
