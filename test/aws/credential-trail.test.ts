import t from 'tap'
import { describeCredentialTrail } from '../../src/aws/credential-trail.ts'

const CHAIN_ENDED = 'Could not load credentials from any providers'

t.test('each place is named with why it gave nothing', async (t) => {
  const folder = t.testdir({
    config: '[profile process]\ncredential_process = false\n[profile empty]\nregion = eu-central-1\n',
    token: 'x',
  })
  const files = { AWS_CONFIG_FILE: `${folder}/config`, AWS_SHARED_CREDENTIALS_FILE: `${folder}/none` }
  const nothing =
    'no keys in the environment; no credentials in the profile default; AWS_WEB_IDENTITY_TOKEN_FILE is not set; no container credentials are set; EC2 metadata gives nothing'
  const table: readonly (readonly [
    env: Readonly<Record<string, string>>,
    message: string,
    expected: string | RegExp,
  ])[] = [
    [{}, CHAIN_ENDED, nothing],
    [
      { AWS_ACCESS_KEY_ID: 'AKIATEST' },
      CHAIN_ENDED,
      /^AWS_SECRET_ACCESS_KEY is missing in the environment; /,
    ],
    [{ AWS_SECRET_ACCESS_KEY: 'x' }, CHAIN_ENDED, /^AWS_ACCESS_KEY_ID is missing in the environment; /],
    [
      { AWS_PROFILE: 'absent' },
      CHAIN_ENDED,
      /; the profile absent, which AWS_PROFILE names, is in neither .*config nor .*none: check its name; /,
    ],
    [
      { AWS_PROFILE: 'process' },
      CHAIN_ENDED,
      /; the credential_process of the profile process failed: run its command by hand/,
    ],
    [
      { AWS_PROFILE: 'process' },
      'Profile process credential_process returned expired credentials.',
      /; Profile process credential_process returned expired credentials\./,
    ],
    [{ AWS_PROFILE: 'empty' }, CHAIN_ENDED, /; the profile empty gives no credentials: /],
    [
      { AWS_PROFILE: 'sso' },
      'The SSO session associated with this profile has expired.',
      /; the AWS session has ended: sign in again/,
    ],
    [
      { AWS_WEB_IDENTITY_TOKEN_FILE: '/absent' },
      CHAIN_ENDED,
      /; AWS_ROLE_ARN is missing beside AWS_WEB_IDENTITY_TOKEN_FILE; /,
    ],
    [
      { AWS_WEB_IDENTITY_TOKEN_FILE: '/absent', AWS_ROLE_ARN: 'x' },
      CHAIN_ENDED,
      /; AWS_WEB_IDENTITY_TOKEN_FILE: there is no file \/absent; /,
    ],
    [
      { AWS_WEB_IDENTITY_TOKEN_FILE: `${folder}/token`, AWS_ROLE_ARN: 'x' },
      CHAIN_ENDED,
      /token gives nothing; /,
    ],
    [
      { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://localhost' },
      CHAIN_ENDED,
      /; AWS_CONTAINER_CREDENTIALS_FULL_URI: it gives nothing; /,
    ],
    [
      { AWS_EC2_METADATA_DISABLED: 'true' },
      CHAIN_ENDED,
      /; EC2 metadata is off \(AWS_EC2_METADATA_DISABLED\)$/,
    ],
  ]
  for (const [env, message, expected] of table) {
    const line = describeCredentialTrail(message, { ...files, ...env })
    if (typeof expected === 'string') t.equal(line, expected)
    else t.match(line, expected, JSON.stringify(env))
    t.notMatch(line, /\n/)
  }
})
