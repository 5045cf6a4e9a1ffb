import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { createAuthority } from '../support/certificate-authority.ts'
import { startConnectProxy } from '../support/connect-proxy.ts'
import { PASSWORD, STATIC_CREDENTIALS, startEcrServer } from '../support/ecr-server.ts'
import { buildEnvironment, writeRequest } from '../support/plugin-run.ts'
import {
  PROFILE_ARN,
  ROLE_ARN,
  startRolesAnywhereServer,
  TRUST_ANCHOR_ARN,
} from '../support/roles-anywhere-server.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const SOURCE = join(ROOT, 'src', 'bin', 'ecr-credential-provider.ts')
const BUNDLE = join(ROOT, 'dist', 'ecr-credential-provider.mjs')

interface ProgramRun {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdin?: string
  readonly program?: string
}

async function run({ args = [], env = {}, stdin = writeRequest(), program = SOURCE }: ProgramRun) {
  const child = spawn(process.execPath, [program, ...args], { env, stdio: 'pipe' })
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { stdout, stderr, code }
}

const server = await startEcrServer()
t.teardown(() => server.close())
const ENV = buildEnvironment(server)
const authority = await createAuthority()

t.test('the arguments of other plugins and of klog are ignored', async (t) => {
  for (const args of [
    [],
    ['get-credentials'],
    ['--v=4'],
    ['--v', '4', '-v=2', '-logtostderr', 'get-credentials', '--', 'more'],
    ['get-credentials', '--alsologtostderr=false', '--role-arn-annotation', 'x', '--role-arn-annotation=y'],
  ]) {
    const { stdout, stderr, code } = await run({ args, env: ENV })
    t.match(JSON.parse(stdout), {
      auth: { '111122223333.dkr.ecr.eu-central-1.amazonaws.com': { password: PASSWORD } },
    })
    t.match(stdout, /^\{[^\n]*\}\n$/)
    t.equal(stderr, '')
    t.equal(code, 0)
  }
})

t.test('a mistyped flag of its own is not ignored', async (t) => {
  const result = await run({ args: ['--roles-anywhere-role=x'], env: ENV })
  t.match(result, {
    stdout: '',
    code: 1,
    stderr: /^ecr-credential-provider: unknown flag --roles-anywhere-role[^\n]*\n$/,
  })
})

t.test('--version and --help are answered without a request', async (t) => {
  t.match(await run({ args: ['--version'], stdin: '' }), { stdout: /^\d+\.\d+\.\d+\n$/, stderr: '', code: 0 })
  t.match(await run({ args: ['--v=4', '--help'], stdin: '' }), {
    stdout: /^Usage: ecr-credential-provider \[get-credentials\] \[flags\]\n/,
    stderr: '',
    code: 0,
  })
})

t.test('a failure is exit code 1, one line on stderr and nothing on stdout', async (t) => {
  for (const stdin of ['', '{', writeRequest({ image: '' }), writeRequest({ image: 'quay.io/x' })]) {
    const { stdout, stderr, code } = await run({ stdin, env: ENV })
    t.equal(stdout, '')
    t.match(stderr, /^ecr-credential-provider: [^\n]{10,474}\n$/)
    t.equal(code, 1)
  }
})

t.test('lint takes what another program prints', async (t) => {
  const args = ['lint', '-']
  t.match(await run({ args, stdin: 'kind: CredentialProviderConfig\n' }), {
    stdout: /^-:1: error: apiVersion is missing; .*\n-:1: error: there is no provider; .*\n$/,
    stderr: '',
    code: 1,
  })
  const { stdout: config } = await run({ args: ['config'], stdin: '' })
  t.match(await run({ args, stdin: config }), { stdout: '', stderr: '', code: 0 })
})

t.test('keys in the environment go before a profile, and one line says so', async (t) => {
  const both = { AWS_PROFILE: 'nowhere', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' }
  t.match(await run({ env: { ...ENV, ...both } }), {
    stderr:
      'ecr-credential-provider: warning: AWS_PROFILE is set beside keys in the environment, and not used\n',
    code: 0,
  })
})

t.test('nothing is on stderr where the SDK and Node would warn', async (t) => {
  const folder = t.testdir({
    credentials: `[default]\naws_access_key_id = ${STATIC_CREDENTIALS.accessKeyId}\naws_secret_access_key = ${STATIC_CREDENTIALS.secretAccessKey}\n`,
  })
  const profile = { AWS_PROFILE: 'default', AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') }
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...withoutKeys } = ENV
  t.match(await run({ env: { ...withoutKeys, ...profile, NODE_TLS_REJECT_UNAUTHORIZED: '0' } }), {
    stderr: '',
    code: 0,
  })
})

t.test("a kubelet's client certificate is exchanged by IAM Roles Anywhere", async (t) => {
  const rolesAnywhere = await startRolesAnywhereServer([authority.certificate])
  t.teardown(() => rolesAnywhere.close())
  const kubelet = await authority.issue({ name: 'O=system:nodes,CN=system:node:worker-1' })
  const folder = t.testdir({
    'kubelet-client-current.pem': kubelet.certificate + kubelet.key,
    'other.pem': 'x',
  })
  const certificate = join(folder, 'kubelet-client-current.pem')
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...rest } = ENV
  const env = { ...rest, AWS_ENDPOINT_URL_ROLESANYWHERE: rolesAnywhere.url }
  const flags = {
    '--roles-anywhere-trust-anchor-arn': TRUST_ANCHOR_ARN,
    '--roles-anywhere-profile-arn': PROFILE_ARN,
    '--roles-anywhere-role-arn': ROLE_ARN,
    '--roles-anywhere-certificate': certificate,
  }
  // ECR takes what Roles Anywhere gives: the list is filled while the program waits for its answer.
  server.credentials.push({
    accessKeyId: `ASIATEST${'0'.padStart(12, '0')}`,
    secretAccessKey: `secret/0+${'s'.repeat(30)}`,
    sessionToken: `token0//${'t'.repeat(200)}==`,
  })
  const byFlags = await run({ args: ['get-credentials', ...Object.entries(flags).flat()], env })
  t.match(byFlags, { stderr: '', code: 0 })
  t.equal(rolesAnywhere.refusals.length, 0)
  t.equal(server.calls.at(-1)?.accessKeyId, rolesAnywhere.issued[0]?.accessKeyId)

  const issued = rolesAnywhere.issued.length
  const variables = Object.fromEntries(
    Object.entries(flags).map(([flag, value]) => [
      `AWS_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`,
      value,
    ]),
  )
  await run({ env: { ...env, ...variables } })
  t.equal(rolesAnywhere.issued.length, issued + 1, 'the same from the environment')

  rolesAnywhere.faults.push({
    kind: 'status',
    status: 403,
    body: '{"message":"Untrusted signing certificate"}',
  })
  const denied = await run({ env: { ...env, ...variables } })
  t.match(denied, { stdout: '', code: 1, stderr: /CreateSession fails: Untrusted signing certificate/ })
  const unreadable = { ...variables, AWS_ROLES_ANYWHERE_CERTIFICATE: join(folder, 'absent.pem') }
  t.match(await run({ env: { ...env, ...unreadable } }), {
    code: 1,
    stderr: /cannot read the certificate .*absent\.pem/,
  })
})

t.test('a proxy with user and password is used, and the CA bundle is trusted', async (t) => {
  const host = 'api.ecr.eu-central-1.amazonaws.com'
  const { certificate, key } = await authority.issue({ name: `CN=${host}`, dnsNames: [host] })
  const tlsServer = await startEcrServer({ tls: { cert: certificate, key } })
  const proxy = await startConnectProxy(tlsServer.port)
  t.teardown(async () => {
    await proxy.close()
    await tlsServer.close()
  })
  const { AWS_ENDPOINT_URL: _, ...rest } = ENV
  const folder = t.testdir({ 'ca.pem': authority.certificate, token: 'tok' })
  const caPath = join(folder, 'ca.pem')
  const env = { ...rest, AWS_CA_BUNDLE: caPath, AWS_MAX_ATTEMPTS: '1' }
  for (const name of ['HTTPS_PROXY', 'https_proxy']) {
    t.match(await run({ env: { ...env, [name]: `http://node:pa%40ss@127.0.0.1:${proxy.port}` } }), {
      stderr: '',
      code: 0,
    })
  }
  t.same(proxy.asked, Array(2).fill({ target: `${host}:443`, authorization: `Basic ${btoa('node:pa@ss')}` }))
  t.same(
    tlsServer.calls.map((call) => call.host),
    [host, host],
  )

  // So is the SDK, where it takes the role of a profile by itself.
  const role = `role_arn = ${ROLE_ARN}\nweb_identity_token_file = ${folder}/token\n`
  writeFileSync(join(folder, 'config'), `[profile other]\n${role}`)
  const withoutKeys = { ...env, AWS_ACCESS_KEY_ID: '' }
  const profile = { ...withoutKeys, AWS_PROFILE: 'other', AWS_CONFIG_FILE: join(folder, 'config') }
  await run({ env: { ...profile, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` } })
  t.equal(proxy.asked.at(-1)?.target, 'sts.eu-central-1.amazonaws.com:443')

  const { AWS_CA_BUNDLE: __, ...withoutBundle } = env
  t.match(await run({ env: { ...withoutBundle, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` } }), {
    code: 1,
    stderr: /its certificate is not trusted .*AWS_CA_BUNDLE/,
  })
  proxy.refuse(407)
  const refused = await run({
    env: { ...env, HTTPS_PROXY: `http://node:s3cret-pass@127.0.0.1:${proxy.port}` },
  })
  t.match(refused, { code: 1, stderr: /answers 407 to CONNECT/ })
  t.notMatch(refused.stderr, /s3cret-pass/)
})

t.test('the host of an image chooses the API endpoint', async (t) => {
  const rows = [
    ['111122223333.dkr.ecr.us-east-1.amazonaws.com', 'api.ecr.us-east-1.amazonaws.com'],
    ['111122223333.dkr.ecr-fips.us-east-1.amazonaws.com', 'api.ecr-fips.us-east-1.amazonaws.com'],
    ['111122223333.dkr-ecr.us-east-1.on.aws', 'ecr.us-east-1.api.aws'],
    ['111122223333.dkr-ecr-fips.us-east-1.on.aws', 'ecr-fips.us-east-1.api.aws'],
    ['111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn', 'api.ecr.cn-north-1.amazonaws.com.cn'],
    [
      '111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn',
      'ecr.cn-north-1.api.amazonwebservices.com.cn',
    ],
    ['111122223333.dkr.ecr.us-iso-east-1.c2s.ic.gov', 'api.ecr.us-iso-east-1.c2s.ic.gov'],
    ['111122223333.dkr.ecr.us-isob-east-1.sc2s.sgov.gov', 'api.ecr.us-isob-east-1.sc2s.sgov.gov'],
    ['111122223333.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk', 'api.ecr.eu-isoe-west-1.cloud.adc-e.uk'],
    ['111122223333.dkr.ecr.us-isof-south-1.csp.hci.ic.gov', 'api.ecr.us-isof-south-1.csp.hci.ic.gov'],
    ['111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu', 'api.ecr.eusc-de-east-1.amazonaws.eu'],
    ['public.ecr.aws', 'api.ecr-public.us-east-1.amazonaws.com'],
  ] as const
  const proxy = await startConnectProxy(server.port)
  t.teardown(() => proxy.close())
  proxy.refuse(403)
  const { AWS_ENDPOINT_URL: _, ...rest } = ENV
  const env = { ...rest, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, AWS_MAX_ATTEMPTS: '1' }
  for (const [host, endpoint] of rows) {
    await run({ env, stdin: writeRequest({ image: `${host}/app` }) })
    t.equal(proxy.asked.at(-1)?.target, `${endpoint}:443`, host)
  }
  const token = {
    serviceAccountToken: 'tok',
    serviceAccountAnnotations: { 'eks.amazonaws.com/ecr-role-arn': ROLE_ARN },
  }
  for (const [host, endpoint] of [
    ['111122223333.dkr.ecr.us-east-2.amazonaws.com', 'sts.us-east-2.amazonaws.com'],
    ['111122223333.dkr.ecr-fips.us-east-2.amazonaws.com', 'sts-fips.us-east-2.amazonaws.com'],
    ['111122223333.dkr-ecr-fips.us-east-2.on.aws', 'sts-fips.us-east-2.api.aws'],
    ['public.ecr.aws', 'sts.us-east-1.amazonaws.com'],
  ] as const) {
    await run({ env, stdin: writeRequest({ image: `${host}/app`, ...token }) })
    t.equal(proxy.asked.at(-1)?.target, `${endpoint}:443`, `STS for ${host}`)
  }
})

t.test(
  'the bundled program runs alone, with no node_modules',
  { skip: !existsSync(BUNDLE) && 'make build' },
  async (t) => {
    const { accessKeyId, secretAccessKey } = STATIC_CREDENTIALS
    const folder = t.testdir({
      credentials: `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
      'config.yaml': 'kind: CredentialProviderConfig\n',
    })
    const program = join(folder, 'ecr-credential-provider.mjs')
    copyFileSync(BUNDLE, program)
    t.match(await run({ program, env: ENV }), { stdout: /"cacheDuration":"5h59m\d+s"/, stderr: '', code: 0 })
    t.match(await run({ program, env: ENV, stdin: writeRequest({ image: 'public.ecr.aws/x' }) }), {
      stderr: '',
      code: 0,
    })
    // What it has packed: the AWS SDK, and what reads YAML.
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...rest } = ENV
    t.match(await run({ program, env: rest }), {
      code: 1,
      stderr: /no AWS credentials: no keys in the environment; /,
    })
    const profile = { ...rest, AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') }
    t.match(await run({ program, env: profile }), { stderr: '', code: 0 })
    t.match(await run({ program, args: ['lint', join(folder, 'config.yaml')] }), {
      stdout: /config\.yaml:1: error/,
      code: 1,
    })
  },
)
