import t, { type Test } from 'tap'
import { type IamEndpoint, startIamEndpoint } from '../../support/iam-endpoint.ts'
import { runProgramProcess } from '../../support/program-run.ts'

const ISSUER = 'https://s3.eu-central-1.amazonaws.com/my-cluster'
const HOST_PATH = 's3.eu-central-1.amazonaws.com/my-cluster'
const ARN = 'arn:aws:iam::111122223333:role/cart'
const READ_ONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
const CART = 'system:serviceaccount:shop:cart'
const TRUST = ['--issuer', ISSUER, '--service-account', 'shop/cart']
/** As somebody wrote it, with a number that JSON.stringify would write anew. */
const FOREIGN = `{ "Effect":"Allow", "Principal":{"Service":"ec2.amazonaws.com"}, "Action":"sts:AssumeRole", "Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge": 1.0}} }`

async function setUp(t: Test, callerArn?: string) {
  const iam = await startIamEndpoint(callerArn)
  t.teardown(() => iam.close())
  const ensure = (args: readonly string[], env: Readonly<Record<string, string>> = iam.env) =>
    runProgramProcess(['role', 'ensure', ...args], { env })
  return { iam, ensure }
}

function subjectsOf({ roles }: IamEndpoint, name = 'cart'): readonly unknown[] {
  const { Statement } = JSON.parse(roles.get(name)?.trustPolicy ?? '{"Statement":[]}')
  return Statement.map(
    ({ Condition }: { Condition: object }) => Object.values(Condition)[0][`${HOST_PATH}:sub`],
  )
}

const READS = /^(?:Get|List)/

t.test('a role is made once, with its policies; then there is nothing to change', async (t) => {
  const { iam, ensure } = await setUp(t)
  const args = ['cart', ...TRUST, '--policy-arn', READ_ONLY]
  const first = await ensure(args)
  t.equal(
    first.stdout,
    `created ${ARN}: role with its trust policy\nupdated ${ARN}: policy ${READ_ONLY} attached\n`,
  )
  t.equal(first.code, 0)
  t.strictSame(subjectsOf(iam), [CART])
  t.strictSame(iam.roles.get('cart')?.policyArns, [READ_ONLY])
  const callCount = iam.calls.length
  const second = await ensure(args)
  t.match(second, { code: 0, stdout: 'nothing to change\n', stderr: '' })
  t.ok(
    iam.calls.slice(callCount).every((call) => READS.test(call)),
    iam.calls.join(' '),
  )
})

t.test('trust and policies of others stay when a role is extended', async (t) => {
  const { iam, ensure } = await setUp(t)
  const policyArns = ['arn:aws:iam::111122223333:policy/one', READ_ONLY]
  iam.roles.set('cart', { trustPolicy: `{"Version":"2012-10-17","Statement":[${FOREIGN}]}`, policyArns })
  const { code, stdout } = await ensure(['cart', ...TRUST, '--policy-arn', READ_ONLY, '--output', 'json'])
  t.equal(code, 0)
  t.strictSame(JSON.parse(stdout), {
    changes: [
      {
        action: 'update',
        resource: ARN,
        detail: `trust policy extended by ${CART} of arn:aws:iam::111122223333:oidc-provider/${HOST_PATH}`,
      },
    ],
    roleArn: ARN,
  })
  t.ok(iam.roles.get('cart')?.trustPolicy.includes(FOREIGN))
  t.equal(iam.roles.get('cart')?.policyArns.length, 2)
})

t.test('--replace sets the ServiceAccounts', async (t) => {
  const { iam, ensure } = await setUp(t)
  await ensure(['cart', ...TRUST])
  await ensure(['cart', '--issuer', ISSUER, '--service-account', 'till/*', '--replace'])
  t.strictSame(subjectsOf(iam), ['system:serviceaccount:till:*'])
})

t.test('what somebody else writes between plan and change stays', async (t) => {
  const { iam, ensure } = await setUp(t)
  iam.roles.set('cart', { trustPolicy: `{"Statement":[${FOREIGN}]}`, policyArns: [] })
  let readCount = 0
  iam.meddle = (action) => {
    const role = iam.roles.get('cart')
    if (action === 'GetRole' && ++readCount === 2 && role !== undefined)
      role.trustPolicy = `{"Statement":[${FOREIGN.replace('ec2', 'lambda')},${FOREIGN}]}`
  }
  t.equal((await ensure(['cart', ...TRUST])).code, 0)
  t.ok(iam.roles.get('cart')?.trustPolicy.includes('lambda.amazonaws.com'))
  t.equal(subjectsOf(iam).length, 3)
})

t.test('--dry-run only reads, and prints what is missing', async (t) => {
  const { iam, ensure } = await setUp(t)
  const args = ['cart', ...TRUST, '--policy-arn', READ_ONLY]
  const missing = await ensure([...args, '--dry-run'])
  t.match(missing.stdout, /^aws iam create-role --role-name cart .* <<'END'$/m)
  t.match(missing.stdout, `aws iam attach-role-policy --role-name cart --policy-arn ${READ_ONLY}\n`)
  iam.roles.set('cart', { trustPolicy: `{"Statement":[${FOREIGN}]}`, policyArns: [READ_ONLY] })
  const trustOnly = await ensure([...args, '--dry-run'])
  t.match(trustOnly.stdout, /^aws iam update-assume-role-policy --role-name cart /m)
  t.ok(trustOnly.stdout.includes(FOREIGN))
  t.notMatch(trustOnly.stdout, 'attach-role-policy')
  t.ok(
    iam.calls.every((call) => READS.test(call)),
    iam.calls.join(' '),
  )
})

t.test('--dry-run without credentials prints everything, for the account that is named', async (t) => {
  const env = {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  }
  const run = (...args: string[]) => runProgramProcess(['role', 'ensure', 'cart', ...TRUST, ...args], { env })
  const named = await run('--dry-run', '--account-id=444455556666', '--partition=aws-cn')
  t.match(named.stdout, /create-role.*\n[\s\S]*arn:aws-cn:iam::444455556666:oidc-provider/)
  t.equal(named.code, 0)
  t.match(await run('--dry-run'), { code: 1, stdout: '', stderr: /no AWS credentials .* give --account-id/ })
  t.match(await run(), { code: 1, stdout: '', stderr: /there are no AWS credentials: set AWS_PROFILE/ })
})

t.test('account and partition are those of the credentials', async (t) => {
  const { iam, ensure } = await setUp(t, 'arn:aws-us-gov:sts::111122223333:assumed-role/admin/me')
  await ensure(['cart', ...TRUST])
  t.match(iam.roles.get('cart')?.trustPolicy, `"arn:aws-us-gov:iam::111122223333:oidc-provider/${HOST_PATH}"`)
  t.match(await ensure(['cart', ...TRUST, '--account-id', '444455556666']), {
    code: 1,
    stderr: /for account 111122223333, not 444455556666/,
  })
})

t.test('a policy over the quota is told of, and sent', async (t) => {
  const { iam, ensure } = await setUp(t)
  const accounts = Array.from({ length: 60 }, (_, index) => [
    '--service-account',
    `shop/account-${index}`,
  ]).flat()
  const { code, stderr } = await ensure(['cart', '--issuer', ISSUER, ...accounts])
  t.equal(code, 0)
  t.match(stderr, /warning: the policy has \d+ characters .*"Role trust policy length" \(L-C07B4B0D\)/)
  t.equal(iam.roles.size, 1)
})

t.test(
  'what fails is told in one line: the cause and what to do; what was done before is told too',
  async (t) => {
    const refusal = (status: number, code: string, message = code) =>
      ({ kind: 'refuse', status, code, message }) as const
    const skew = 'Signature expired: 20260101T000000Z is now earlier than 20260102T000000Z'
    const rows = [
      ['GetCallerIdentity', refusal(403, 'ExpiredToken'), /have expired: sign in again/],
      ['GetCallerIdentity', refusal(403, 'InvalidClientTokenId'), /does not know these credentials/],
      ['GetCallerIdentity', refusal(403, 'SignatureDoesNotMatch', skew), /clock is more than minutes off/],
      ['GetCallerIdentity', { kind: 'reset' }, /the connection was cut \(ECONNRESET\); check the network/],
      ['GetRole', refusal(403, 'AccessDenied'), /need iam:GetRole on role\/cart$/],
      ['CreateRole', refusal(403, 'AccessDenied'), new RegExp(`need iam:CreateRole on ${ARN}$`)],
      ['CreateRole', refusal(409, 'EntityAlreadyExists'), /run the command again/],
      [
        'CreateRole',
        refusal(400, 'MalformedPolicyDocument', 'Syntax errors in policy.'),
        /Syntax errors in policy/,
      ],
      [
        'CreateRole',
        refusal(409, 'LimitExceeded', 'Cannot exceed quota for RolesPerAccount: 1000'),
        /RolesPerAccount: 1000/,
      ],
      [
        'AttachRolePolicy',
        refusal(404, 'NoSuchEntity', 'Policy does not exist'),
        /there is no policy arn:aws:iam::aws:policy\/ReadOnlyAccess, so .* create it, or correct --policy-arn/,
      ],
    ] as const
    for (const [action, fault, message] of rows) {
      const { iam, ensure } = await setUp(t)
      iam.faults.set(action, fault)
      const { code, stdout, stderr } = await ensure(['cart', ...TRUST, '--policy-arn', READ_ONLY])
      const lines = stderr
        .trimEnd()
        .split('\n')
        .filter((line) => !line.endsWith(' ...'))
      t.equal(code, 1, action)
      t.equal(lines.length, 1, stderr)
      t.match(lines[0], /^pod-identity-webhook: /)
      t.match(lines[0], message)
      t.equal(stdout, action === 'AttachRolePolicy' ? `created ${ARN}: role with its trust policy\n` : '')
    }
  },
)

t.test('an endpoint that is not there', async (t) => {
  const { env, close } = await startIamEndpoint()
  await close()
  const { code, stderr } = await runProgramProcess(['role', 'ensure', 'cart', ...TRUST], { env })
  t.equal(code, 1)
  t.match(stderr, /nothing listens there \(ECONNREFUSED\); check AWS_ENDPOINT_URL/)
})

t.test('a command line that is wrong is refused before anybody is asked', async (t) => {
  const rows: readonly [args: readonly string[], message: RegExp][] = [
    [TRUST, /NAME is needed/],
    [['a b', ...TRUST], /the role's name is "a b"; it takes up to 64/],
    [['x'.repeat(65), ...TRUST], /it takes up to 64/],
    [['cart', '--issuer', ISSUER], /--service-account is needed/],
    [['cart', '--service-account', 'shop/cart'], /--issuer is needed/],
    [['cart', '--issuer', 'http://a', '--service-account', 'shop/cart'], /must begin with https/],
    [['cart', '--issuer', ISSUER, '--service-account', 'cart'], /"cart"; it takes NAMESPACE\/NAME/],
    [['cart', '--issuer', ISSUER, '--service-account', 'Shop/cart'], /"Shop\/cart"; it takes/],
    [['cart', ...TRUST, '--policy-arn', 'ReadOnlyAccess'], /it takes the ARN of a managed policy/],
    [['cart', ...TRUST, '--audience', 'sts.*'], /it takes an audience/],
  ]
  const results = await Promise.all(rows.map(([args]) => runProgramProcess(['role', 'ensure', ...args])))
  for (const [index, [, message]] of rows.entries()) {
    t.match(results[index], { code: 2, stdout: '', stderr: message })
    t.equal(results[index]?.stderr.trimEnd().split('\n').length, 1)
  }
})

t.test('a script that was made without credentials says so first', async (t) => {
  const { ensure } = await setUp(t)
  const env = {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  }
  const args = ['cart', ...TRUST, '--account-id=111122223333', '--dry-run']
  t.match(await ensure(args, env), { code: 0, stdout: /^#!\/bin\/sh\n# Made without AWS credentials/ })
})
