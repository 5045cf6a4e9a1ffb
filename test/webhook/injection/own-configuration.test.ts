import t from 'tap'
import type { Identity } from '../../../src/webhook/identity/decide.ts'
import { describeWarning } from '../../../src/webhook/identity/warnings.ts'
import { createInjector } from '../../../src/webhook/injection/injector.ts'
import type { Container } from '../../../src/webhook/injection/pod.ts'
import { DEFAULT_SETTINGS, ROLE_ARN } from '../../support/mutation-settings.ts'

const WEB: Identity = {
  method: 'web_identity',
  roleArn: ROLE_ARN,
  audience: 'sts.amazonaws.com',
  tokenExpirationSeconds: 86_400,
  isRegionalSts: false,
}
const AGENT: Identity = {
  method: 'container_credentials',
  tokenExpirationSeconds: 80_000,
  isRegionalSts: false,
}
const FOLDER = '/var/run/secrets/eks.amazonaws.com/serviceaccount'
const FILE = `${FOLDER}/token`
const VOLUME = {
  name: 'aws-iam-token',
  projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'sts.amazonaws.com' } }] },
}
const env = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => ({ name, value }))
const BOTH = { AWS_ROLE_ARN: 'x', AWS_WEB_IDENTITY_TOKEN_FILE: FILE }
const ALL = { ...BOTH, AWS_REGION: 'eu-central-1', AWS_STS_REGIONAL_ENDPOINTS: 'regional' }

function warningsFor(container: Omit<Container, 'name'>, identity = WEB, hasVolume = false) {
  const spec = { containers: [{ name: 'app', ...container }], ...(hasVolume && { volumes: [VOLUME] }) }
  return createInjector(DEFAULT_SETTINGS)({ spec }, identity, undefined).warnings
}

t.test('what an author set by hand is warned about where it cannot work', async (t) => {
  const mountAt = (mountPath: string, name = 'aws-iam-token') => [{ name, mountPath }]
  const nothing = 'container "app" mounts nothing at '
  const table: readonly (readonly [
    title: string,
    container: Omit<Container, 'name'>,
    code?: string,
    subject?: string,
  ])[] = [
    ['nothing of its own', {}],
    ['both variables, and our mount beside them', { env: env(BOTH) }],
    ['everything, and nothing mounted', { env: env(ALL) }, 'token_not_mounted', `${nothing}"${FILE}",`],
    ['everything, mounted', { env: env(ALL), volumeMounts: mountAt(FOLDER) }],
    [
      'everything, mounted under another name',
      { env: env(ALL), volumeMounts: mountAt(`${FOLDER}/`, 'mine') },
    ],
    ['everything, with a folder above mounted', { env: env(ALL), volumeMounts: mountAt('/var/run', 'mine') }],
    [
      'a token of its own, mounted',
      {
        env: env({ ...ALL, AWS_WEB_IDENTITY_TOKEN_FILE: '/tokens/aws' }),
        volumeMounts: mountAt('/tokens', 'mine'),
      },
    ],
    [
      'a token of its own, not mounted',
      { env: env({ ...BOTH, AWS_WEB_IDENTITY_TOKEN_FILE: '/tokens/aws' }) },
      'token_not_mounted',
      `${nothing}"/tokens/aws",`,
    ],
    [
      'a token file that is named elsewhere',
      {
        env: [...env({ ...ALL }).slice(0, 1), { name: 'AWS_WEB_IDENTITY_TOKEN_FILE' }, ...env(ALL).slice(2)],
      },
    ],
    [
      'the role alone',
      { env: env({ AWS_ROLE_ARN: 'x' }) },
      'half_configured',
      'container "app" sets AWS_ROLE_ARN without AWS_WEB_IDENTITY_TOKEN_FILE',
    ],
    [
      'the file alone',
      { env: env({ AWS_WEB_IDENTITY_TOKEN_FILE: FILE }) },
      'half_configured',
      'container "app" sets AWS_WEB_IDENTITY_TOKEN_FILE without AWS_ROLE_ARN',
    ],
    [
      'the volume somewhere else',
      { volumeMounts: mountAt('/other') },
      'token_not_mounted',
      `${nothing}"${FILE}",`,
    ],
  ]
  for (const [title, container, code, subject] of table)
    t.strictSame(warningsFor(container), code === undefined ? [] : [{ code, subject }], title)
  t.match(
    describeWarning(warningsFor({ env: env(ALL) })[0] ?? { code: 'lookup_failed', subject: '' }),
    /^container "app" mounts nothing at "[^"]+", where its variables look for the token: mount/,
  )
})

t.test('with container credentials the URI alone may be somebody else’s', async (t) => {
  t.strictSame(
    warningsFor({ env: env({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://localhost' }) }, AGENT),
    [],
  )
  t.match(warningsFor({ env: env({ AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/x' }) }, AGENT), [
    { code: 'half_configured', subject: /TOKEN_FILE without AWS_CONTAINER_CREDENTIALS_FULL_URI$/ },
  ])
})

t.test('the patch is what it was: the volume, and variables where there are none', async (t) => {
  const container = { name: 'app', volumeMounts: [{ name: 'aws-iam-token', mountPath: '/other' }] }
  const pod = { spec: { containers: [container], volumes: [VOLUME] } }
  const { patch } = createInjector(DEFAULT_SETTINGS)(pod, WEB, undefined)
  t.match(patch, [
    { op: 'add', path: '/spec/containers/0/env', value: [{ name: 'AWS_ROLE_ARN' }, { value: FILE }] },
  ])
  t.equal(patch.length, 1)
})
