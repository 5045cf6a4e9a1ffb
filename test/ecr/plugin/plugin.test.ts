import { writeFileSync } from 'node:fs'
import t from 'tap'
import { PASSWORD, type ServiceCall, STATIC_CREDENTIALS, startEcrServer } from '../../support/ecr-server.ts'
import { buildEnvironment, type PluginRun, runPluginOnce, writeRequest } from '../../support/plugin-run.ts'

const TOKEN = `eyJhbGciOiJSUzI1NiJ9.${'pod-token-'.repeat(20)}.c2lnbmF0dXJl`
const ROLE = 'arn:aws:iam::111122223333:role/puller'
const server = await startEcrServer({ acceptedTokens: [TOKEN] })
t.teardown(() => server.close())
const ENV = buildEnvironment(server)

async function answer(changes: Record<string, unknown>, run: PluginRun = {}) {
  const before = server.calls.length
  const result = await runPluginOnce(writeRequest(changes), { env: ENV, ...run })
  const response = result.kind === 'answered' ? JSON.parse(result.response) : result.reason
  return { response, calls: server.calls.slice(before) }
}
const summarise = (calls: readonly ServiceCall[]) =>
  calls.map(({ service, region }) => `${service} ${region}`)

t.test('each registry is asked in its region, and answered under its host', async (t) => {
  const account = '111122223333.dkr.ecr'
  const rows = [
    [`${account}.eu-central-1.amazonaws.com`, 'ecr eu-central-1'],
    [`${account}.eu-central-1.amazonaws.com:443`, 'ecr eu-central-1'],
    [`${account}.cn-north-1.amazonaws.com.cn`, 'ecr cn-north-1'],
    [`${account}.us-iso-east-1.c2s.ic.gov`, 'ecr us-iso-east-1'],
    [`${account}.eusc-de-east-1.amazonaws.eu`, 'ecr eusc-de-east-1'],
    [`${account}-fips.us-gov-west-1.amazonaws.com`, 'ecr us-gov-west-1'],
    ['111122223333.dkr-ecr-fips.us-east-1.on.aws', 'ecr us-east-1'],
    ['public.ecr.aws', 'ecr-public us-east-1'],
    ['ecr-public.aws.com', 'ecr-public us-east-1'],
    ['docker.io', 'ecr ap-south-1'],
    ['[2001:db8::1]:5000', 'ecr ap-south-1'],
  ] as const
  for (const [host, call] of rows) {
    const { response, calls } = await answer(
      { image: `${host}/app` },
      { env: { ...ENV, AWS_REGION: 'ap-south-1' } },
    )
    t.same(response.auth, { [host]: { username: 'AWS', password: PASSWORD } }, host)
    t.same(summarise(calls), [call], host)
    t.equal(calls[0]?.accessKeyId, STATIC_CREDENTIALS.accessKeyId)
  }
  t.same(server.refusals, [], 'every signature was right')
})

t.test('the default region is of AWS_REGION, AWS_DEFAULT_REGION, the profile', async (t) => {
  const AWS_CONFIG_FILE = `${t.testdir({ config: '[default]\nregion = eu-west-3\n' })}/config`
  const rows = [
    [{ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2', AWS_CONFIG_FILE }, 'ecr eu-west-1'],
    [{ AWS_DEFAULT_REGION: 'eu-west-2', AWS_CONFIG_FILE }, 'ecr eu-west-2'],
    [{ AWS_CONFIG_FILE }, 'ecr eu-west-3'],
  ] as const
  for (const [region, call] of rows) {
    t.same(summarise((await answer({ image: 'quay.io/x' }, { env: { ...ENV, ...region } })).calls), [call])
  }
  const { response, calls } = await answer({ image: 'quay.io/x' })
  t.match(response, /no region in the host "quay.io" and no default one; set AWS_REGION/)
  t.same(calls, [])
})

t.test('a pod token takes the role of its annotation, and ECR is asked with that', async (t) => {
  const token = {
    serviceAccountToken: TOKEN,
    serviceAccountAnnotations: { 'eks.amazonaws.com/ecr-role-arn': ROLE },
  }
  const { response, calls } = await answer(token)
  t.match(response, { kind: 'CredentialProviderResponse' })
  t.same(summarise(calls), ['sts ', 'ecr eu-central-1'])
  t.match(calls[0]?.parameters, {
    RoleArn: ROLE,
    RoleSessionName: 'ecr-credential-provider',
    WebIdentityToken: TOKEN,
  })
  t.match(calls[1]?.accessKeyId, /^ASIAROLE/)
  const mapped = { ...token, serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': ROLE } }
  t.same(summarise((await answer(mapped)).calls), ['ecr eu-central-1'], 'that annotation must be asked for')
  const run = { roleArnAnnotations: ['eks.amazonaws.com/role-arn'] }
  t.same(summarise((await answer(mapped, run)).calls), ['sts ', 'ecr eu-central-1'])
})

t.test('a pod token needs no region for a public image, and one for a mirror', async (t) => {
  const env = { ...ENV, AWS_ECR_ROLE_ARN: ROLE }
  const token = { serviceAccountToken: TOKEN }
  const { calls } = await answer({ ...token, image: 'public.ecr.aws/x' }, { env })
  t.same(summarise(calls), ['sts ', 'ecr-public us-east-1'])
  t.match((await answer({ ...token, image: 'quay.io/x' }, { env })).response, /no region/)
})

t.test("a profile's endpoint, too, stands before FIPS and dual-stack endpoints", async (t) => {
  const config = `[default]\nendpoint_url = ${server.url}\n`
  const { AWS_ENDPOINT_URL: _, ...rest } = ENV
  const env = { ...rest, AWS_CONFIG_FILE: `${t.testdir({ config })}/config` }
  const image = '111122223333.dkr-ecr-fips.us-east-1.on.aws/x'
  t.same(summarise((await answer({ image }, { env })).calls), ['ecr us-east-1'])
})

t.test(
  'credentials come from a profile, too: by its program, or for a role and a token of its own',
  async (t) => {
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...nobody } = ENV
    const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = STATIC_CREDENTIALS
    const keys = JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey })
    const folder = t.testdir({ keys, token: TOKEN })
    const rows = [
      ['program', `credential_process = cat ${folder}/keys`, ['ecr eu-central-1']],
      ['role', `role_arn = ${ROLE}\nweb_identity_token_file = ${folder}/token`, ['sts ', 'ecr eu-central-1']],
    ] as const
    for (const [name, settings, calls] of rows) {
      // The SDK reads a file once.
      const AWS_CONFIG_FILE = `${folder}/${name}`
      writeFileSync(AWS_CONFIG_FILE, `[profile other]\n${settings}\n`)
      const env = { ...nobody, AWS_PROFILE: 'other', AWS_CONFIG_FILE }
      t.same(summarise((await answer({}, { env })).calls), calls)
    }
  },
)

t.test('FIPS and dual-stack variables give way to a configured endpoint', async (t) => {
  const env = { ...ENV, AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true' }
  t.same(summarise((await answer({}, { env })).calls), ['ecr eu-central-1'])
})

t.test('the answer lasts for half of what ECR says', async (t) => {
  const now = new Date('2026-01-01T00:00:00Z')
  t.teardown(() => {
    server.expiresAt = new Date(Date.now() + 12 * 3_600_000)
  })
  for (const [expiresAt, cacheDuration] of [
    [new Date('2026-01-01T12:00:00Z'), '6h0m0s'],
    [new Date('2025-12-31T12:00:00Z'), '0s'],
    [undefined, '0s'],
  ] as const) {
    server.expiresAt = expiresAt
    t.match((await answer({}, { now: () => now })).response, { cacheDuration })
  }
})

t.test('an answer without a usable authorization token is an error', async (t) => {
  const before = server.authorizationToken
  t.teardown(() => {
    server.authorizationToken = before
  })
  for (const image of ['111122223333.dkr.ecr.eu-central-1.amazonaws.com/app', 'public.ecr.aws/x']) {
    server.authorizationToken = undefined
    t.match((await answer({ image })).response, /^ECR answers with no authorization data$/)
    server.authorizationToken = Buffer.from('no colon').toString('base64')
    t.match((await answer({ image })).response, /holds no username:password/)
  }
})

t.test('no AWS credentials at all is an error that says so', async (t) => {
  const { AWS_ACCESS_KEY_ID: _, ...env } = ENV
  t.match(
    (await answer({}, { env })).response,
    /^no AWS credentials: AWS_ACCESS_KEY_ID is missing in the environment; /,
  )
})
