import t from 'tap'
import { pathOf } from '../oidc/support/signing-keys.ts'
import { runProgramProcess } from '../support/program-run.ts'

const CONFIG = `[default]
region = us-east-1
[profile process]
credential_process = /bin/false
[profile sso]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Admin
[profile session]
sso_session = company
sso_account_id = 111122223333
sso_role_name = Admin
[profile region-only]
region = us-east-1
[sso-session company]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
`

const ROWS: readonly (readonly [name: string, env: Readonly<Record<string, string>>, message: RegExp])[] = [
  ['session of old', { AWS_PROFILE: 'sso' }, /sign in again with `aws sso login --profile sso`$/],
  ['session', { AWS_PROFILE: 'session' }, /sign in again with `aws sso login --profile session`$/],
  [
    'misspelt profile',
    { AWS_PROFILE: 'prod\u001b[1m' },
    /the profile prod\\u001b\[1m, which AWS_PROFILE names, is in neither .*config nor .*: check its name$/,
  ],
  ['process that fails', { AWS_PROFILE: 'process' }, /the credential_process of the profile process failed/],
  [
    'profile without credentials',
    { AWS_PROFILE: 'region-only' },
    /the profile region-only gives no credentials: `aws sts get-caller-identity --profile region-only` tells why$/,
  ],
  ['half a key', { AWS_ACCESS_KEY_ID: 'AKIATEST' }, /AWS_ACCESS_KEY_ID is set, but gives no credentials/],
]

for (const [name, env, message] of ROWS) {
  t.test(`no script is made without a look where credentials fail: ${name}`, async (t) => {
    const folder = t.testdir({ config: CONFIG })
    const run = await plan({ ...env, HOME: folder, AWS_CONFIG_FILE: `${folder}/config` })
    t.match(run, { code: 1, stdout: '' })
    t.match(run.stderr.trim(), message)
    t.notMatch(run.stderr, '\u001b')
  })
}

t.test('the default profile counts as well', async (t) => {
  const folder = t.testdir({ config: '[default]\ncredential_process = /bin/false\n' })
  const run = await plan({ HOME: folder, AWS_CONFIG_FILE: `${folder}/config` })
  t.match(run, { code: 1, stdout: '', stderr: /credential_process of the profile default failed/ })
})

t.test('where nothing names credentials, the script says that AWS was not asked', async (t) => {
  const folder = t.testdir({ config: CONFIG })
  const run = await plan({ HOME: folder, AWS_CONFIG_FILE: `${folder}/config` })
  t.match(run, { code: 0, stdout: /^#!\/bin\/sh\n# Made without AWS credentials, so without a look/ })
})

function plan(env: Readonly<Record<string, string>>) {
  const args = ['oidc', 'publish', '--bucket=issuers', '--region=us-east-1', '--dry-run']
  return runProgramProcess([...args, `--key=${pathOf('rsa.pub')}`], {
    env: { AWS_EC2_METADATA_DISABLED: 'true', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent', ...env },
  })
}
