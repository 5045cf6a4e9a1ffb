import t from 'tap'
import { RolesAnywhereError } from '../../src/roles-anywhere/roles-anywhere-error.ts'
import {
  readRole,
  resolveSessionTarget,
  type SessionRequest,
} from '../../src/roles-anywhere/session-target.ts'
import { PROFILE_ARN, ROLE_ARN, TRUST_ANCHOR_ARN } from '../support/roles-anywhere-server.ts'
import { SESSION_REQUEST } from '../support/session-options.ts'

const resolve = (request: Partial<SessionRequest>, env = {}) =>
  resolveSessionTarget({ ...SESSION_REQUEST, ...request }, env)

t.test('the region is the trust anchor’s, unless one is given', async (t) => {
  t.match(resolve({}), { region: 'eu-central-1', body: '{"durationSeconds":3600}' })
  t.equal(resolve({}).endpoint.href, 'https://rolesanywhere.eu-central-1.amazonaws.com/')
  t.equal(resolve({ region: 'eu-west-1' }).region, 'eu-west-1')
  t.equal(resolve({ region: 'eu-west-1' }).endpoint.host, 'rolesanywhere.eu-west-1.amazonaws.com')
})

t.test(
  'the endpoint is the given one, else from the environment, else of partition, FIPS and dual-stack',
  async (t) => {
    const env = { AWS_ENDPOINT_URL_ROLESANYWHERE: 'http://service:1', AWS_ENDPOINT_URL: 'http://all:2' }
    t.equal(resolve({ endpoint: 'https://given:3/path' }, env).endpoint.href, 'https://given:3/path')
    t.equal(resolve({ endpoint: 'given.example' }, env).endpoint.href, 'https://given.example/')
    t.equal(resolve({}, env).endpoint.href, 'http://service:1/')
    t.equal(resolve({}, { AWS_ENDPOINT_URL: 'http://all:2' }).endpoint.href, 'http://all:2/')
    t.equal(
      resolve({}, { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true' }).endpoint.host,
      'rolesanywhere-fips.eu-central-1.api.aws',
    )
    const inChina = (arn: string) =>
      arn.replace('arn:aws:', 'arn:aws-cn:').replace('eu-central-1', 'cn-north-1')
    const china = {
      trustAnchorArn: inChina(TRUST_ANCHOR_ARN),
      profileArn: inChina(PROFILE_ARN),
      roleArn: inChina(ROLE_ARN),
    }
    t.equal(resolve(china).endpoint.host, 'rolesanywhere.cn-north-1.amazonaws.com.cn')
  },
)

t.test('what AWS would refuse is refused, in one line', async (t) => {
  const cases: [Partial<SessionRequest>, RegExp][] = [
    [
      { trustAnchorArn: 'arn:nonsense' },
      /^"arn:nonsense" is not the ARN of a trust anchor, which is like arn:aws:rolesanywhere:REGION:/,
    ],
    [{ trustAnchorArn: PROFILE_ARN }, /is not the ARN of a trust anchor/],
    [{ profileArn: TRUST_ANCHOR_ARN }, /is not the ARN of a profile/],
    [{ roleArn: PROFILE_ARN }, /is not the ARN of a role, which is like arn:aws:iam::ACCOUNT:role\/NAME$/],
    [
      { roleArn: `arn:aws:iam::1:${'x'.repeat(500)}\n` },
      /^a text of several lines, 516 characters is not the ARN of a role/,
    ],
    [
      { profileArn: PROFILE_ARN.replace('eu-central-1', 'us-east-1') },
      /^the trust anchor is in region eu-central-1 and the profile in us-east-1; they must be in one region$/,
    ],
    [{ durationSeconds: 899 }, /^a session lasts 900 to 43200 seconds, not 899$/],
    [{ durationSeconds: 43_201 }, /not 43201$/],
    [{ durationSeconds: 900.5 }, /not 900\.5$/],
    [{ roleSessionName: 'a' }, /^a role session name has 2 to 64/],
    [{ roleSessionName: 'a b' }, /^a role session name/],
    [{ region: 'a/b' }, /^"a\/b" is no region$/],
    [{ endpoint: 'ftp://host' }, /^the endpoint "ftp:\/\/host" is no http or https URL$/],
    [{ endpoint: 'http://' }, /is no http or https URL/],
    [
      { trustAnchorArn: TRUST_ANCHOR_ARN.replace('arn:aws:', 'arn:aws-moon:') },
      /^the partition aws-moon is not known; give --endpoint$/,
    ],
  ]
  for (const [request, message] of cases) {
    t.throws(() => resolve(request), { name: 'RolesAnywhereError', message }, JSON.stringify(request))
  }
  t.throws(() => readRole('x'), RolesAnywhereError)
})

t.test('a role’s name is without its path', async (t) => {
  t.strictSame(readRole(ROLE_ARN), { accountId: '111122223333', roleName: 'image-puller' })
})
