import t, { type Test } from 'tap'
import { runProgram } from '../../../src/cli/engine/program.ts'
import { ACTIONS } from '../../../src/cli/pod-identity-webhook/actions.ts'
import { createProgram } from '../../../src/cli/pod-identity-webhook/program.ts'
import { startOpenIdCluster } from '../../oidc/support/openid-cluster.ts'
import { pathOf, RSA } from '../../oidc/support/signing-keys.ts'
import { SmallS3 } from '../../oidc/support/small-s3.ts'
import { runProgramProcess } from '../../support/program-run.ts'
import { captureIo } from '../capture-io.ts'

const PLACE = ['--bucket=issuers', '--region=eu-central-1', '--prefix=prod']
const KEY = `--key=${pathOf('rsa.pub')}`
const ISSUER = 'https://s3.eu-central-1.amazonaws.com/issuers/prod'

async function setUp(t: Test) {
  const s3 = await SmallS3.start()
  t.teardown(() => s3.close())
  const publish = (args: readonly string[], env: Readonly<Record<string, string>> = s3.environment) =>
    runProgramProcess(['oidc', 'publish', ...args], { env })
  return { s3, publish }
}

t.test('the keys of the cluster are published; then there is nothing to change', async (t) => {
  const { s3, publish } = await setUp(t)
  const cluster = await startOpenIdCluster(t, [RSA])
  const args = [...PLACE, `--kubeconfig=${cluster.kubeconfigPath}`]
  const { code, stdout, stderr } = await publish(args)
  t.equal(code, 0)
  t.equal(
    stdout,
    `created arn:aws:s3:::issuers: bucket in eu-central-1
updated arn:aws:s3:::issuers: tag pod-identity-webhook=oidc-issuer
updated arn:aws:s3:::issuers: BlockPublicPolicy off, RestrictPublicBuckets off
updated arn:aws:s3:::issuers: policy lets everyone read prod/.well-known/openid-configuration and prod/keys.json
created s3://issuers/prod/keys.json: key ${RSA.kid} added
created s3://issuers/prod/.well-known/openid-configuration: issuer ${ISSUER}
issuer: ${ISSUER}
`,
  )
  t.equal(stderr, '')
  s3.clearRequests()
  t.match(await publish(args), { code: 0, stdout: `nothing to change\nissuer: ${ISSUER}\n` })
  t.strictSame(s3.writes, [])
})

t.test('--output json has changes, issuer and what is retiring', async (t) => {
  const { publish } = await setUp(t)
  const { stdout } = await publish([...PLACE, KEY, '--output=json', '--virtual-host'])
  const result = JSON.parse(stdout)
  t.strictSame(Object.keys(result), ['changes', 'issuer', 'retiring'])
  t.equal(result.changes.length, 6)
  t.strictSame(Object.keys(result.changes[0]), ['action', 'resource', 'detail'])
  t.equal(result.issuer, 'https://issuers.s3.eu-central-1.amazonaws.com/prod')
})

t.test('--dry-run reads, and writes a script of what is missing', async (t) => {
  const { s3, publish } = await setUp(t)
  const { code, stdout } = await publish([...PLACE, KEY, '--dry-run'])
  t.equal(code, 0)
  t.strictSame(
    stdout.match(/^aws \S+ \S+/gm),
    [
      'aws s3api create-bucket',
      'aws s3api put-bucket-tagging',
      'aws s3api put-public-access-block',
      'aws s3api put-bucket-policy',
      'aws s3 cp',
      'aws s3 cp',
    ],
    stdout,
  )
  t.strictSame(s3.writes, [])
  await publish([...PLACE, KEY])
  t.match(await publish([...PLACE, KEY, '--dry-run']), {
    stdout: `#!/bin/sh\n# There is nothing to do.\n# issuer: ${ISSUER}\n`,
  })
})

t.test('an issuer that the account keeps private is no success, and not nothing to do', async (t) => {
  const { s3, publish } = await setUp(t)
  await publish([...PLACE, KEY])
  s3.isAccountBlocked = true
  for (const args of [[], ['--dry-run'], ['--output=json']])
    t.match(await publish([...PLACE, KEY, ...args]), {
      code: 1,
      stderr: /a GET without credentials is denied.*RestrictPublicBuckets must be off/,
    })
})

t.test('a change that fails is one line; what was done before is told', async (t) => {
  const { s3, publish } = await setUp(t)
  s3.intercept = ({ method, query }) =>
    method === 'PUT' && query.has('policy')
      ? { kind: 'error', status: 403, code: 'AccessDenied', message: 'Access Denied' }
      : undefined
  const { code, stdout, stderr } = await publish([...PLACE, KEY])
  t.equal(code, 1)
  t.equal(stdout.trim().split('\n').length, 3)
  t.match(
    stderr,
    /^pod-identity-webhook: s3:PutBucketPolicy: access denied: these credentials need [^\n]*\n$/,
  )
})

t.test('text of the cluster does nothing to a terminal and is no line of the script', async (t) => {
  const { publish } = await setUp(t)
  const kid = 'a\ntouch owned\n\u001b[2J\u009b'
  const cluster = await startOpenIdCluster(t, [{ ...RSA, kid }])
  const args = [...PLACE, `--kubeconfig=${cluster.kubeconfigPath}`]
  const isHarmless = (text: string) => /^[\n\u0020-\u007e]*$/.test(text) && !/^touch/m.test(text)
  const planned = await publish([...args, '--dry-run'])
  t.equal(planned.code, 0)
  t.ok(isHarmless(planned.stdout), planned.stdout)
  const made = await publish(args)
  t.equal(made.code, 0)
  t.match(made.stdout, 'key a\\u000atouch owned\\u000a\\u001b[2J\\u009b added')
  t.ok(isHarmless(made.stdout + made.stderr))
  const retiring = await publish([...PLACE, KEY])
  t.match(retiring.stdout, /stays until/)
  t.ok(isHarmless(retiring.stdout), retiring.stdout)
})

t.test('a profile gives region and endpoint', async (t) => {
  const { s3, publish } = await setUp(t)
  const folder = t.testdir({
    config: `[profile test]\nregion = us-west-2\nendpoint_url = ${s3.environment['AWS_ENDPOINT_URL']}\n`,
    credentials: '[test]\naws_access_key_id = AKIATEST\naws_secret_access_key = secret\n',
  })
  const run = await publish(['--bucket=issuers', KEY], {
    AWS_PROFILE: 'test',
    AWS_CONFIG_FILE: `${folder}/config`,
    AWS_SHARED_CREDENTIALS_FILE: `${folder}/credentials`,
  })
  t.match(run, { code: 0, stdout: /issuer: https:\/\/s3\.us-west-2\.amazonaws\.com\/issuers\n$/ })
  t.equal(s3.buckets.get('issuers')?.region, 'us-west-2')
})

const NOWHERE = {
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  AWS_EC2_METADATA_DISABLED: 'true',
}
const CREDENTIALS = { ...NOWHERE, AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'secret' }
const FAILURES: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>, RegExp])[] =
  [
    [
      'no region',
      ['--bucket=issuers', KEY],
      CREDENTIALS,
      /no region is known: give --region, or set AWS_REGION/,
    ],
    [
      'no credentials',
      [...PLACE, KEY],
      NOWHERE,
      /sts:GetCallerIdentity: there are no AWS credentials: set AWS_PROFILE/,
    ],
    [
      'no endpoint',
      [...PLACE, KEY],
      { ...CREDENTIALS, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
      /nothing listens there \(ECONNREFUSED\); check AWS_ENDPOINT_URL/,
    ],
  ]
for (const [name, args, env, message] of FAILURES) {
  t.test(`one line and exit code 1: ${name}`, async (t) => {
    const { publish } = await setUp(t)
    const { code, stdout, stderr } = await publish(args, env)
    t.strictSame({ code, stdout }, { code: 1, stdout: '' })
    t.match(stderr, message)
    t.equal(stderr.trim().split('\n').length, 1, 'one line')
  })
}

const WRONG: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[KEY], /--bucket is needed/],
  [['--bucket=UPPER', KEY], /bucket "UPPER": a name has/],
  [['--bucket=issuers', '--prefix=a/../b', KEY], /prefix "a\/\.\.\/b": it takes/],
  [['--bucket=a.b', '--virtual-host', KEY], /leave --virtual-host out/],
  [['--bucket=issuers', '--region=x', KEY], /--region is "x"; it takes a region such as eu-central-1/],
  [['--bucket=issuers', '--retire-after=1d', KEY], /--retire-after is "1d"; it takes a duration/],
  [['--bucket=issuers', KEY, '--from-cluster'], /exclude each other/],
]
for (const [args, message] of WRONG) {
  t.test(`a wrong command line: ${args.join(' ')}`, async (t) => {
    const { io, output } = captureIo()
    t.equal(await runProgram(createProgram(ACTIONS), ['oidc', 'publish', ...args], io), 2)
    t.match(output, { stdout: '', stderr: message })
  })
}
