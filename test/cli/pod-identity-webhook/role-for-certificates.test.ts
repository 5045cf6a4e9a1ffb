import t, { type Test } from 'tap'
import { startIamEndpoint } from '../../support/iam-endpoint.ts'
import { runProgramProcess } from '../../support/program-run.ts'

const ARN = 'arn:aws:iam::111122223333:role/nodes'
const ANCHOR =
  'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-0000-0000-000000000001'
const KUBELETS = [
  '--trust-anchor-arn',
  ANCHOR,
  '--subject-o',
  'system:nodes',
  '--subject-cn-like',
  'system:node:*',
]
/** As somebody wrote it, with a number that JSON.stringify would write anew. */
const FOREIGN = `{ "Effect":"Allow", "Principal":{"Service":"ec2.amazonaws.com"}, "Action":"sts:AssumeRole", "Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge": 1.0}} }`

async function setUp(t: Test) {
  const iam = await startIamEndpoint()
  t.teardown(() => iam.close())
  const ensure = (...args: string[]) =>
    runProgramProcess(['role', 'ensure', 'nodes', ...args], { env: iam.env })
  const statements = () => JSON.parse(iam.roles.get('nodes')?.trustPolicy ?? '{}').Statement
  const pullPolicy = () => iam.roles.get('nodes')?.inlinePolicies?.get('ecr-pull')
  return { iam, ensure, statements, pullPolicy }
}

t.test('a role for the certificates of kubelets, which may pull images, is made once', async (t) => {
  const { iam, ensure, statements, pullPolicy } = await setUp(t)
  const args = [...KUBELETS, '--pull-from', '111122223333', '--pull-from', '783794618700/eks-*']
  t.strictSame(await ensure(...args), {
    code: 0,
    stdout: `created ${ARN}: role with its trust policy\nupdated ${ARN}: policy ecr-pull lets it pull from arn:aws:ecr:*:111122223333:repository/*, arn:aws:ecr:*:783794618700:repository/eks-*\n`,
    stderr: '',
  })
  t.strictSame(statements(), [
    {
      Effect: 'Allow',
      Principal: { Service: 'rolesanywhere.amazonaws.com' },
      Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
      Condition: {
        ArnEquals: { 'aws:SourceArn': ANCHOR },
        StringEquals: { 'aws:PrincipalTag/x509Subject/O': 'system:nodes' },
        StringLike: { 'aws:PrincipalTag/x509Subject/CN': 'system:node:*' },
      },
    },
  ])
  t.match(JSON.parse(pullPolicy() ?? ''), {
    Statement: [
      {
        Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        Resource: ['arn:aws:ecr:*:111122223333:repository/*', 'arn:aws:ecr:*:783794618700:repository/eks-*'],
      },
      { Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    ],
  })
  const callCount = iam.calls.length
  t.match(await ensure(...args), { code: 0, stdout: 'nothing to change\n' })
  t.notOk(iam.calls.slice(callCount).some((call) => /^(?:Create|Update|Put|Attach)/.test(call)))
})

t.test('trust of others keeps its bytes, repositories that it has stay', async (t) => {
  const { iam, ensure, statements, pullPolicy } = await setUp(t)
  await ensure(...KUBELETS, '--pull-from', '111122223333')
  const role = iam.roles.get('nodes')
  if (role === undefined) throw new Error('no role was made')
  role.trustPolicy = `{"Version":"2012-10-17","Statement":[${FOREIGN}]}`
  const dryRun = await ensure(...KUBELETS, '--pull-from', '783794618700', '--dry-run')
  t.match(dryRun.stdout, 'aws iam put-role-policy --role-name nodes --policy-name ecr-pull')
  t.match(dryRun.stdout, 'arn:aws:ecr:*:111122223333:repository/*')
  t.match(dryRun.stdout, 'arn:aws:ecr:*:783794618700:repository/*')
  t.match(await ensure(...KUBELETS, '--pull-from', '783794618700'), {
    code: 0,
    stdout: `updated ${ARN}: trust policy extended by certificates of ${ANCHOR}\nupdated ${ARN}: policy ecr-pull lets it pull from arn:aws:ecr:*:783794618700:repository/*\n`,
  })
  t.ok(role.trustPolicy.includes(FOREIGN))
  t.equal(statements().length, 2)
  t.match(pullPolicy(), '111122223333')
  // The same under a Sid is the same.
  role.trustPolicy = role.trustPolicy.replace(
    '{"Effect":"Allow","Principal":{"Service":"roles',
    '{"Sid":"Nodes","Effect":"Allow","Principal":{"Service":"roles',
  )
  t.match(role.trustPolicy, '"Sid":"Nodes"')
  t.match(await ensure(...KUBELETS), { stdout: 'nothing to change\n' })
})

t.test('a policy ecr-pull of another form is left as it is', async (t) => {
  const { iam, ensure, pullPolicy } = await setUp(t)
  await ensure(...KUBELETS)
  for (const text of [
    '{"Statement":{"Effect":"Deny"}}',
    '{"Statement":[{"Resource":["a"]}]}',
    '{"Statement":[]}',
  ]) {
    iam.roles.get('nodes')?.inlinePolicies?.set('ecr-pull', text)
    t.match(await ensure(...KUBELETS, '--pull-from', '111122223333'), {
      code: 1,
      stderr: /role\/nodes has a policy ecr-pull of another form, which is left as it is/,
    })
    t.equal(pullPolicy(), text)
  }
})

t.test('what is unsafe is warned of, what cannot be is refused', async (t) => {
  const { iam, ensure } = await setUp(t)
  t.match(
    (await ensure('--trust-anchor-arn', ANCHOR)).stderr,
    /warning: every certificate that the trust anchor's CA/,
  )
  const callCount = iam.calls.length
  const cases: readonly (readonly [args: readonly string[], error: RegExp])[] = [
    [['--trust-anchor-arn', 'one'], /"one" is not the ARN of a trust anchor/],
    [['--subject-o', 'system:nodes'], /--subject-o and --subject-cn-like go with --trust-anchor-arn/],
    [[...KUBELETS, '--service-account', 'a/b'], /does not go with --issuer, --service-account and --replace/],
    [[...KUBELETS, '--replace'], /does not go with/],
    [[...KUBELETS, '--pull-from', '1111'], /--pull-from is "1111"; it takes an account's twelve digits/],
    [[...KUBELETS, '--pull-from', '111122223333/'], /--pull-from is/],
    [[...KUBELETS, '--pull-from', '111122223333/Upper'], /--pull-from is/],
  ]
  for (const [args, error] of cases) {
    const run = await ensure(...args)
    t.not(run.code, 0, args.join(' '))
    t.match(run.stderr, error)
  }
  t.equal(iam.calls.length, callCount)
})
