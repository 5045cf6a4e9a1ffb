// Run by `make test-aws`: IAM and STS as moto has them, and the scripts of --dry-run by sh and the AWS CLI.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  CreatePolicyCommand,
  CreateRoleCommand,
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
} from '@aws-sdk/client-iam'
import t, { type Test } from 'tap'
import { runProgramProcess } from '../../support/program-run.ts'
import { isRead, startMotoServer } from '../moto/moto-server.ts'

const binFolder = process.env['MOTO_BIN'] ?? ''
const ISSUER = 'https://s3.eu-central-1.amazonaws.com/one'
const SECOND_ISSUER = 'https://s3.eu-central-1.amazonaws.com/two'
const POLICY_ARN = 'arn:aws:iam::123456789012:policy/read'
/** As somebody wrote it; JSON written anew would look otherwise. */
const FOREIGN = `{ "Effect":"Allow", "Principal":{"Service":"ec2.amazonaws.com"}, "Action":"\\u0073ts:AssumeRole" }`

// The start takes some seconds: tests share it, and name their things differently.
t.setTimeout(120_000)
const moto = await startMotoServer(binFolder)
const env = {
  AWS_ENDPOINT_URL: moto.url,
  AWS_ACCESS_KEY_ID: 'AKIATEST000000000001',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
}
const iam = new IAMClient({
  endpoint: moto.url,
  region: 'us-east-1',
  credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
})
t.teardown(async () => {
  iam.destroy()
  await moto.close()
})
const document =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
await iam.send(new CreatePolicyCommand({ PolicyName: 'read', PolicyDocument: document }))

const run = (...args: string[]) => runProgramProcess(args, { env })

/** Plans with reads alone, and gives the script; `perform` has sh run it as printed. */
async function planScript(t: Test, ...args: string[]) {
  moto.actions.length = 0
  const { stdout, code } = await run(...args, '--dry-run')
  t.equal(code, 0)
  t.ok(moto.actions.length > 0)
  t.ok(moto.actions.every(isRead), moto.actions.join(' '))
  // With AWS_ENDPOINT_URL the CLI wants a region for IAM too.
  const scriptEnv = { ...env, AWS_DEFAULT_REGION: 'us-east-1', PATH: `${binFolder}:/usr/bin:/bin` }
  return { stdout, perform: () => runShell(stdout, scriptEnv) }
}

async function runShell(script: string, env: Record<string, string>): Promise<void> {
  const child = spawn('sh', [], { env, stdio: ['pipe', 'ignore', 'inherit'] })
  child.stdin.end(script)
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the script ends with ${code}`)
}

async function readRole(name: string) {
  const { Role: role } = await iam.send(new GetRoleCommand({ RoleName: name }))
  const { AttachedPolicies: attached = [] } = await iam.send(
    new ListAttachedRolePoliciesCommand({ RoleName: name }),
  )
  return {
    // A here-document ends its text with a newline.
    trustPolicy: decodeURIComponent(role?.AssumeRolePolicyDocument ?? '').trimEnd(),
    policies: attached.map(({ PolicyArn }) => PolicyArn),
  }
}

async function readProvider(name: string) {
  const arn = `arn:aws:iam::123456789012:oidc-provider/s3.eu-central-1.amazonaws.com/${name}`
  const { ClientIDList, Tags } = await iam.send(
    new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }),
  )
  return { audiences: ClientIDList, tags: Tags }
}

// moto 5.2 cannot add an audience to a provider that there is: test/cli/pod-identity-webhook/provider-command.test.ts.
t.test('a provider is made, extended, and then left alone', async (t) => {
  t.match(await run('oidc', 'provider', '--issuer', ISSUER), { code: 0, stdout: /^created / })
  const args = ['oidc', 'provider', '--issuer', ISSUER, '--tag=k=v w']
  t.match(await run(...args), { code: 0, stdout: /tags k=v w set/ })
  t.strictSame(await readProvider('one'), {
    audiences: ['sts.amazonaws.com'],
    tags: [{ Key: 'k', Value: 'v w' }],
  })
  t.match(await run(...args), { code: 0, stdout: 'nothing to change\n' })
})

t.test("the provider's script ends in the same state", async (t) => {
  const provide = (...args: string[]) => ['oidc', 'provider', '--audience=a', '--audience=b', ...args]
  for (const tags of [
    ['--tag=k=v w', '--tag=l=m'],
    ['--tag=l=n', '--tag=o=p=q'],
  ]) {
    await run(...provide(...tags, '--issuer', `${ISSUER}-made`))
    const planned = await planScript(t, ...provide(...tags, '--issuer', `${ISSUER}-scripted`))
    await planned.perform()
    t.strictSame(await readProvider('one-scripted'), await readProvider('one-made'))
  }
  const { stdout } = await planScript(t, ...provide('--issuer', `${ISSUER}-scripted`))
  t.equal(stdout, '#!/bin/sh\n# There is nothing to do.\n')
})

t.test('a role of two clusters, beside a statement of somebody else', async (t) => {
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'cart',
      AssumeRolePolicyDocument: `{"Version":"2012-10-17","Statement":[${FOREIGN}]}`,
    }),
  )
  const first = [
    'role',
    'ensure',
    'cart',
    '--issuer',
    ISSUER,
    '--service-account=shop/cart',
    '--policy-arn',
    POLICY_ARN,
  ]
  const second = ['role', 'ensure', 'cart', '--issuer', SECOND_ISSUER, '--service-account=shop/*']
  t.match(await run(...first), { code: 0, stdout: /trust policy extended[\s\S]*attached/ })
  t.match(await run(...second), { code: 0, stdout: /trust policy extended/ })
  const { trustPolicy, policies } = await readRole('cart')
  t.ok(trustPolicy.includes(FOREIGN))
  t.match(JSON.parse(trustPolicy).Statement, [
    {},
    {
      Condition: {
        StringEquals: { 's3.eu-central-1.amazonaws.com/one:sub': 'system:serviceaccount:shop:cart' },
      },
    },
    {
      Condition: { StringLike: { 's3.eu-central-1.amazonaws.com/two:sub': 'system:serviceaccount:shop:*' } },
    },
  ])
  t.strictSame(policies, [POLICY_ARN])
  for (const args of [first, second]) t.match(await run(...args), { code: 0, stdout: 'nothing to change\n' })
})

t.test("the role's script ends in the same state", async (t) => {
  const args = (name: string, account: string) => [
    ...['role', 'ensure', name, '--issuer', ISSUER, '--service-account', account, '--policy-arn', POLICY_ARN],
  ]
  for (const account of ['shop/cart', 'shop/t?ll']) {
    await run(...args('made', account))
    const planned = await planScript(t, ...args('scripted', account))
    await planned.perform()
    t.strictSame(await readRole('scripted'), await readRole('made'))
  }
})
