import t from 'tap'
import { createProgram } from '../../src/cli/ecr-credential-provider/program.ts'
import { runProgram } from '../../src/cli/engine/program.ts'
import { captureIo } from '../cli/capture-io.ts'

const HOST = '111122223333.dkr.ecr.eu-west-1.amazonaws.com'
const ROLES_ANYWHERE = [
  '--roles-anywhere-trust-anchor-arn=arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/a',
  '--roles-anywhere-profile-arn=arn:aws:rolesanywhere:eu-central-1:111122223333:profile/b',
  '--roles-anywhere-role-arn=arn:aws:iam::111122223333:role/puller',
  '--roles-anywhere-certificate=/var/lib/kubelet/pki/kubelet-client-current.pem',
]

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const { io, output } = captureIo({ env })
  const exitCode = await runProgram(createProgram(), args, io)
  return { exitCode, ...output }
}

const IMAGES: readonly (readonly [image: string, env: Record<string, string>, lines: readonly RegExp[]])[] = [
  [
    `${HOST}/app`,
    {},
    [/account 111122223333, in eu-west-1$/m, /^endpoint +https:\/\/api.ecr.eu-west-1.amazonaws.com/m],
  ],
  [
    '111122223333.dkr-ecr.eu-west-1.on.aws/app',
    {},
    [/dual-stack/, /^endpoint +https:\/\/ecr.eu-west-1.api.aws/m],
  ],
  ['public.ecr.aws/a/b', {}, [/ECR Public, in us-east-1/, /^endpoint +https:\/\/api.ecr-public.us-east-1/m]],
  [`${HOST}:443/app`, {}, [/^key +111122223333.dkr.ecr.eu-west-1.amazonaws.com:443, /m]],
  ['mirror.test/app', { AWS_DEFAULT_REGION: 'eu-west-3' }, [/taken for a mirror/, /^region +eu-west-3$/m]],
  [
    'mirror.test/app',
    { AWS_REGION: 'a', AWS_ENDPOINT_URL_ECR: 'http://ecr.test' },
    [/^endpoint +http:\/\/ecr.test$/m],
  ],
  [`${HOST}/app`, { AWS_PROFILE: 'pull' }, [/^credentials .*default chain: the profile pull/m]],
  [
    `${HOST}/app`,
    { AWS_ROLES_ANYWHERE_ROLE_ARN: 'x' },
    [/^credentials +none: IAM Roles Anywhere is half configured/m],
  ],
]

for (const [image, env, patterns] of IMAGES) {
  t.test(`explains ${image} with ${JSON.stringify(env)}`, async (t) => {
    const { exitCode, stdout, stderr } = await run(['explain', image], env)
    t.strictSame({ exitCode, stderr }, { exitCode: 0, stderr: '' })
    for (const pattern of patterns) t.match(stdout, pattern)
  })
}

t.test('explains which provider answers, with its own arguments and variables', async (t) => {
  const { stdout } = await run(['config', '--service-account-tokens', ...ROLES_ANYWHERE])
  const path = `${t.testdir({ 'c.yaml': stdout })}/c.yaml`
  const found = await run(['explain', '--config', path, `${HOST}/app`])
  t.equal(found.exitCode, 0)
  t.match(
    found.stdout,
    /^provider +ecr-credential-provider \(.*c.yaml:6\), by "\*.dkr.ecr.\*.amazonaws.com"$/m,
  )
  t.match(
    found.stdout,
    /^credentials +the role in the ServiceAccount's annotation eks.amazonaws.com\/ecr-role-arn/m,
  )
  t.match(found.stdout, /^otherwise +the role arn:aws:iam::111122223333:role\/puller by IAM Roles Anywhere/m)
  const lost = await run(['explain', '--config', path, 'registry.test/app'])
  t.match(lost, { exitCode: 1, stdout: /^provider +none: no pattern of the provider matches/m })
})

t.test('explains what is wrong: no image, a configuration that the kubelet refuses', async (t) => {
  t.match(await run(['explain']), { exitCode: 1, stderr: /IMAGE is needed/ })
  t.match(await run(['explain', 'a b/c']), { exitCode: 1, stderr: /spaces or control characters/ })
  const config = 'providers: [{name: x, matchImages: [a.test]}]'
  const path = `${t.testdir({ 'c.yaml': config })}/c.yaml`
  t.match(await run(['explain', '--config', path, 'a.test/x']), {
    exitCode: 1,
    stdout: /^provider +x /m,
    stderr: /refuses this configuration for 4 errors/,
  })
})

const CONFIGS: readonly (readonly [args: readonly string[], patterns: readonly RegExp[]])[] = [
  [[], [/^# Flags of the kubelet: --image-credential-provider-config=/m]],
  [['--kubeadm'], [/kind: JoinConfiguration/]],
  [['--k3s'], [/\/var\/lib\/rancher\/credentialprovider\/config.yaml/]],
  [['--service-account-tokens'], [/request-serviceaccounts-token-audience/, /name: system:nodes/]],
  [ROLES_ANYWHERE, [/- --roles-anywhere-role-arn=arn:aws:iam::111122223333:role\/puller$/m]],
  [
    ['--eks-anywhere', '--cluster-name=shop', ...ROLES_ANYWHERE],
    [
      /namespace: eksa-packages-shop/,
      /\[default\]\n +region = eu-central-1\n +credential_process = aws_signing_helper/,
    ],
  ],
]

for (const [args, patterns] of CONFIGS) {
  t.test(`config ${args.join(' ').slice(0, 60)} prints what lint has nothing against`, async (t) => {
    const { exitCode, stdout, stderr } = await run(['config', ...args])
    t.strictSame({ exitCode, stderr }, { exitCode: 0, stderr: '' })
    for (const pattern of [...patterns, /"\*.dkr.ecr.\*.amazonaws.eu"/]) t.match(stdout, pattern)
    const path = `${t.testdir({ 'c.yaml': stdout })}/c.yaml`
    t.strictSame(await run(['lint', path]), { exitCode: 0, stdout: '', stderr: '' })
  })
}

t.test('config refuses flags that do not go together', async (t) => {
  t.match(await run(['config', '--k3s', '--kubeadm']), { exitCode: 1, stderr: /exclude each other/ })
  t.match(await run(['config', '--eks-anywhere']), { exitCode: 1, stderr: /needs --cluster-name/ })
  t.match(await run(['config', ...ROLES_ANYWHERE.slice(0, 1)]), { exitCode: 1, stderr: /half configured/ })
  const both = ['--eks-anywhere', '--service-account-tokens', '--cluster-name=a', ...ROLES_ANYWHERE]
  t.match(await run(['config', ...both]), { exitCode: 1, stderr: /no service account tokens/ })
})

t.test('lint ends with 1 for errors and with 0 for warnings alone', async (t) => {
  const { stdout } = await run(['config'])
  const folder = t.testdir({
    'w.yaml': stdout.replace('public.ecr.aws', '"*.amazonaws.com"'),
    'e.yaml': 'kind: x',
  })
  t.match(await run(['lint', `${folder}/w.yaml`]), { exitCode: 0, stdout: /w.yaml:\d+: warning: / })
  t.match(await run(['lint', `${folder}/w.yaml`, `${folder}/e.yaml`]), {
    exitCode: 1,
    stdout: /e.yaml:1: error: /,
  })
  t.match(await run(['lint', `${folder}/x.yaml`]), { exitCode: 1, stderr: /cannot be read: ENOENT/ })
})
