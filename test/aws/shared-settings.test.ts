import t from 'tap'
import { withSharedSettings } from '../../src/aws/shared-settings.ts'

const SETTINGS = [
  'region',
  'use_fips_endpoint',
  'use_dualstack_endpoint',
  'ca_bundle',
  'endpoint_url',
] as const
const CONFIG = `[default]
region = eu-central-1
use_fips_endpoint = true
[profile other]
USE_DUALSTACK_ENDPOINT = true
ca_bundle = /etc/ca.pem
endpoint_url = https://all.example
services = mine
[services mine]
rolesanywhere =
  endpoint_url = https://own.example
sts =
  endpoint_url = https://sts.example
`

t.test('a profile fills in what the environment does not say', async (t) => {
  const folder = t.testdir({ config: CONFIG, credentials: '[cred]\nregion = us-east-1\n' })
  const files = { AWS_CONFIG_FILE: `${folder}/config`, AWS_SHARED_CREDENTIALS_FILE: `${folder}/credentials` }
  const other = {
    AWS_USE_DUALSTACK_ENDPOINT: 'true',
    AWS_CA_BUNDLE: '/etc/ca.pem',
    AWS_ENDPOINT_URL: 'https://own.example',
  }
  const table: readonly (readonly [
    env: Readonly<Record<string, string>>,
    added: Readonly<Record<string, string>>,
  ])[] = [
    [{}, { AWS_REGION: 'eu-central-1', AWS_USE_FIPS_ENDPOINT: 'true' }],
    [{ AWS_REGION: 'x', AWS_USE_FIPS_ENDPOINT: 'false' }, {}],
    [{ AWS_PROFILE: 'other' }, other],
    [{ AWS_DEFAULT_PROFILE: 'other' }, other],
    [{ AWS_PROFILE: 'cred', AWS_DEFAULT_PROFILE: 'other' }, { AWS_REGION: 'us-east-1' }],
    [
      { AWS_PROFILE: 'other', AWS_ENDPOINT_URL: 'https://env.example' },
      { ...other, AWS_ENDPOINT_URL: 'https://env.example' },
    ],
    [
      { AWS_PROFILE: 'other', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      { AWS_USE_DUALSTACK_ENDPOINT: 'true', AWS_CA_BUNDLE: '/etc/ca.pem' },
    ],
    [{ AWS_PROFILE: 'absent' }, {}],
  ]
  for (const [env, added] of table) {
    const filled = await withSharedSettings({ ...files, ...env }, SETTINGS, 'rolesanywhere')
    const expected = { ...files, ...env, ...added }
    t.strictSame(JSON.parse(JSON.stringify(filled)), expected, JSON.stringify(env))
  }
})

t.test('without files the environment is what it was', async (t) => {
  const env = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/absent' }
  t.equal(await withSharedSettings(env, SETTINGS), env)
})
