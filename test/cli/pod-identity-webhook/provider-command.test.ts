import t, { type Test } from 'tap'
import { startIamEndpoint } from '../../support/iam-endpoint.ts'
import { runProgramProcess } from '../../support/program-run.ts'

const ISSUER = 'https://s3.eu-central-1.amazonaws.com/my-cluster'
const ARN = 'arn:aws:iam::111122223333:oidc-provider/s3.eu-central-1.amazonaws.com/my-cluster'
const READS = /^Get/

async function setUp(t: Test) {
  const iam = await startIamEndpoint()
  t.teardown(() => iam.close())
  const provide = (...args: readonly string[]) =>
    runProgramProcess(['oidc', 'provider', '--issuer', ISSUER, ...args], { env: iam.env })
  return { iam, provide }
}

t.test('a provider is made once; then there is nothing to change', async (t) => {
  const { iam, provide } = await setUp(t)
  const first = await provide('--tag', 'team=shop=1', '--output=json')
  t.strictSame(JSON.parse(first.stdout), {
    changes: [
      {
        action: 'create',
        resource: ARN,
        detail: `OIDC provider of ${ISSUER} with audience sts.amazonaws.com`,
      },
    ],
    providerArn: ARN,
  })
  t.strictSame(iam.providers.get(ARN), {
    audiences: ['sts.amazonaws.com'],
    thumbprints: [],
    tags: new Map([['team', 'shop=1']]),
  })
  const callCount = iam.calls.length
  t.match(await provide('--tag', 'team=shop=1'), { code: 0, stdout: 'nothing to change\n', stderr: '' })
  t.ok(
    iam.calls.slice(callCount).every((call) => READS.test(call)),
    iam.calls.join(' '),
  )
})

t.test('a provider gets what it lacks, and keeps what others gave it', async (t) => {
  const { iam, provide } = await setUp(t)
  iam.providers.set(ARN, {
    audiences: ['other'],
    thumbprints: ['ab'],
    tags: new Map([
      ['owner', 'somebody'],
      ['team', 'old'],
    ]),
  })
  const args = [
    '--audience=other',
    '--audience=sts.amazonaws.com',
    '--audience=third',
    '--tag=team=new',
    '--tag=a=b',
  ]
  const planned = await provide(...args, '--dry-run')
  t.equal(
    planned.stdout,
    `#!/bin/sh
set -eu

# 1. ${ARN}: audience sts.amazonaws.com added
aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${ARN} --client-id sts.amazonaws.com

# 2. ${ARN}: audience third added
aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${ARN} --client-id third

# 3. ${ARN}: tags a=b set
aws iam tag-open-id-connect-provider --open-id-connect-provider-arn ${ARN} --tags '{"Key":"a","Value":"b"}'

# the tag team stays old, and is not set to new: take it off the provider first
`,
  )
  t.ok(
    iam.calls.every((call) => READS.test(call)),
    iam.calls.join(' '),
  )
  t.equal((await provide(...args)).code, 0)
  t.strictSame(iam.providers.get(ARN), {
    audiences: ['other', 'sts.amazonaws.com', 'third'],
    thumbprints: ['ab'],
    tags: new Map([
      ['owner', 'somebody'],
      ['team', 'old'],
      ['a', 'b'],
    ]),
  })
})

t.test('--dry-run without credentials prints everything', async (t) => {
  const env = {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  }
  const run = (...args: string[]) =>
    runProgramProcess(['oidc', 'provider', '--issuer', ISSUER, ...args], { env })
  const { code, stdout } = await run('--dry-run')
  t.equal(code, 0)
  t.match(
    stdout,
    `aws iam create-open-id-connect-provider --url ${ISSUER} --client-id-list sts.amazonaws.com\n`,
  )
  t.match(stdout, /^#!\/bin\/sh\n# Made without AWS credentials/)
  t.equal(JSON.parse((await run('--dry-run', '-o', 'json')).stdout).providerArn, null)
  t.match(await run(), { code: 1, stdout: '', stderr: /there are no AWS credentials: set AWS_PROFILE/ })
})

t.test('denied calls are named', async (t) => {
  for (const action of ['GetOpenIDConnectProvider', 'CreateOpenIDConnectProvider']) {
    const { iam, provide } = await setUp(t)
    iam.faults.set(action, { kind: 'refuse', status: 403, code: 'AccessDenied', message: 'no' })
    t.match(await provide(), { code: 1, stdout: '', stderr: `need iam:${action} on ${ARN}\n` })
  }
})

t.test('a command line that is wrong is refused before anybody is asked', async (t) => {
  const rows: readonly [args: readonly string[], message: RegExp][] = [
    [[], /--issuer is needed/],
    [['--issuer=https://issuer.example.com:443/a'], /has a port, and IAM takes none/],
    [[`--issuer=https://issuer.example.com/${'a'.repeat(255)}`], /has 282 characters, and IAM takes 255/],
    [['--issuer', ISSUER, '--tag=a'], /--tag is "a"; it takes KEY=VALUE/],
    [['--issuer', ISSUER, '--tag=aws:a=b'], /not beginning with aws:/],
    [['--issuer', ISSUER, '--audience=a b'], /--audience is "a b"; it takes an audience/],
  ]
  const results = await Promise.all(rows.map(([args]) => runProgramProcess(['oidc', 'provider', ...args])))
  for (const [index, [, message]] of rows.entries())
    t.match(results[index], { code: 2, stdout: '', stderr: message })
})
