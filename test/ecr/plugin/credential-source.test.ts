import t from 'tap'
import {
  chooseCredentialSource,
  type RolesAnywhereSettings,
} from '../../../src/ecr/plugin/credential-source.ts'

const NOTHING: RolesAnywhereSettings = {
  trustAnchorArn: undefined,
  profileArn: undefined,
  roleArn: undefined,
  certificatePath: undefined,
  privateKeyPath: undefined,
  intermediatesPath: undefined,
}
const NODE = {
  ...NOTHING,
  trustAnchorArn: 'anchor',
  profileArn: 'profile',
  roleArn: 'role',
  certificatePath: 'pem',
}
const STANDARD = 'eks.amazonaws.com/ecr-role-arn'
const OTHER = 'eks.amazonaws.com/role-arn'

const choose = (
  token: string | undefined,
  annotations: Record<string, string>,
  { env = {}, keys = [] as string[], rolesAnywhere = NOTHING } = {},
) =>
  chooseCredentialSource(
    { serviceAccountToken: token, serviceAccountAnnotations: annotations },
    { roleArnAnnotations: keys, rolesAnywhere },
    env,
  )
const role = (roleArn: string) => ({ kind: 'web-identity', roleArn, token: 'tok' })
const env = { AWS_ECR_ROLE_ARN: 'of-env' }

t.test('a token takes the role of the first annotation that there is, else of the environment', async (t) => {
  t.same(choose('tok', { [STANDARD]: 'a', [OTHER]: 'b' }, { env, keys: [OTHER] }), role('a'))
  t.same(choose('tok', { [STANDARD]: '', [OTHER]: 'b' }, { env, keys: [OTHER] }), role('b'))
  t.same(choose('tok', { x: 'c', [OTHER]: 'b' }, { env, keys: [OTHER, 'x'] }), role('b'))
  t.same(choose('tok', { x: 'c' }, { env, keys: [OTHER, 'x'] }), role('c'))
  t.same(choose('tok', { [OTHER]: 'b' }, { env }), role('of-env'))
  t.same(choose('tok', { [STANDARD]: '' }, { env }), role('of-env'))
  t.same(choose('tok', {}, { env, keys: ['constructor'] }), role('of-env'))
})

t.test('a role is taken with a token alone', async (t) => {
  t.same(choose(undefined, { [STANDARD]: 'a' }, { env }), { kind: 'default-chain' })
})

t.test('a token without a role falls to what is next', async (t) => {
  t.same(choose('tok', {}), { kind: 'default-chain' })
  t.same(choose('tok', { [OTHER]: 'b' }, { env: { AWS_ECR_ROLE_ARN: '' } }), { kind: 'default-chain' })
  t.same(choose('tok', {}, { rolesAnywhere: NODE }), { kind: 'roles-anywhere', ...NODE })
})

t.test('a token with a role comes before IAM Roles Anywhere', async (t) => {
  t.same(choose('tok', { [STANDARD]: 'a' }, { rolesAnywhere: NODE }), role('a'))
  t.match(choose(undefined, { [STANDARD]: 'a' }, { rolesAnywhere: NODE }), { kind: 'roles-anywhere' })
})

t.test('half of IAM Roles Anywhere is an error that names the other half', async (t) => {
  t.throws(() => choose(undefined, {}, { rolesAnywhere: { ...NOTHING, privateKeyPath: 'key' } }), {
    name: 'ProviderError',
    message:
      /--roles-anywhere-trust-anchor-arn, --roles-anywhere-profile-arn, --roles-anywhere-role-arn, --roles-anywhere-certificate is missing/,
  })
  t.throws(() => choose(undefined, {}, { rolesAnywhere: { ...NODE, certificatePath: undefined } }), {
    message: 'IAM Roles Anywhere is half configured: --roles-anywhere-certificate is missing',
  })
})
