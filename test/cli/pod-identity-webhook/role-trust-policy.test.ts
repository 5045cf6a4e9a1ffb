import { join } from 'node:path'
import t from 'tap'
import { runProgramProcess } from '../../support/program-run.ts'

const HOST_PATH = 's3.cn-north-1.amazonaws.com.cn/my-cluster'
const ARGS = [
  '--issuer',
  `https://${HOST_PATH}`,
  '--account-id',
  '111122223333',
  '--service-account',
  'shop/cart',
]

const print = (args: readonly string[], stdin = '') =>
  runProgramProcess(['role', 'trust-policy', ...args], { stdin })

t.test('a policy of its own', async (t) => {
  const { code, stdout, stderr } = await print([...ARGS, '--partition=aws-cn', '--audience', 'other'])
  t.strictSame([code, stderr], [0, ''])
  t.strictSame(JSON.parse(stdout), {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws-cn:iam::111122223333:oidc-provider/${HOST_PATH}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            [`${HOST_PATH}:aud`]: 'other',
            [`${HOST_PATH}:sub`]: 'system:serviceaccount:shop:cart',
          },
        },
      },
    ],
  })
})

t.test('--merge takes a file or stdin, and gives the same again for what it gave', async (t) => {
  const foreign =
    '{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"Bool":{"aws:x":[1.50]}}}'
  const policy = `{"Version":"2012-10-17","Statement":[${foreign}]}`
  const folder = t.testdir({ 'policy.json': policy })
  const fromFile = await print([...ARGS, '--merge', join(folder, 'policy.json')])
  t.ok(fromFile.stdout.includes(foreign))
  t.match(fromFile.stdout, /system:serviceaccount:shop:cart/)
  const fromStdin = await print([...ARGS, '--merge', '-'], policy)
  t.equal(fromStdin.stdout, fromFile.stdout)
  t.equal((await print([...ARGS, '--merge=-'], fromFile.stdout)).stdout, fromFile.stdout)
})

t.test(
  'the sample of the EKS Anywhere guide: what IAM refuses of it is named, and it is left alone',
  async (t) => {
    const guide = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": { "Federated": "arn:aws:iam::111122223333:oidc-provider/${HOST_PATH}" },
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": {
        "__doc_comment": "scope the role to the service account (optional)",
        "StringEquals": { "${HOST_PATH}:sub": "system:serviceaccount:default:my-serviceaccount" }
      }
    }
  ]
}
`
    const { code, stdout, stderr } = await print([...ARGS, '--merge=-'], guide)
    t.equal(code, 0)
    t.ok(stdout.startsWith(guide.slice(0, guide.indexOf('\n  ]'))))
    t.match(stderr, /warning: statement 1 trusts this provider too and is left as it is/)
    t.match(
      stderr,
      /warning: IAM refuses this policy: statement 1: Condition: "__doc_comment" is no operator/,
    )
  },
)

t.test('what is unsafe or cannot work is warned of', async (t) => {
  const args = ['--account-id=111122223333', '--service-account=*/cart', '--service-account=*/*']
  const { code, stderr } = await print([...args, '--issuer=https://issuer.example.com:8443'])
  t.equal(code, 0)
  t.match(stderr.trimEnd().split('\n'), [
    /warning: IAM takes no issuer with a port/,
    /warning: \*\/cart is in every namespace/,
    /warning: \*\/\* is every ServiceAccount of the cluster/,
  ])
})

t.test('what cannot be done is told in one line', async (t) => {
  const rows = [
    [['--service-account', 'a/b'], 2, '--issuer is needed; it takes https://HOST/PATH'],
    [ARGS.slice(0, 2), 2, '--service-account is needed; it takes NAMESPACE/NAME'],
    [ARGS.toSpliced(2, 2), 2, '--account-id is needed; it takes twelve digits'],
    [[...ARGS, '--account-id=1'], 2, '--account-id is "1"; it takes twelve digits'],
    [[...ARGS, '--merge=absent.json'], 1, '--merge: cannot read absent.json (ENOENT)'],
    [[...ARGS, '--merge=-'], 1, 'the policy is not JSON'],
  ] as const
  const results = await Promise.all(rows.map(([args]) => print(args, 'nothing')))
  for (const [index, [, code, message]] of rows.entries())
    t.strictSame(results[index], { code, stdout: '', stderr: `pod-identity-webhook: ${message}\n` })
})
