import t from 'tap'
import {
  type Account,
  type AccountAnnotations,
  NO_ANNOTATIONS,
} from '../../../src/webhook/identity/account.ts'
import { createDecider, findExemption } from '../../../src/webhook/identity/decide.ts'
import type { MutationSettings } from '../../../src/webhook/identity/settings.ts'
import type { Pod } from '../../../src/webhook/injection/pod.ts'
import { DEFAULT_SETTINGS, ROLE_ARN } from '../../support/mutation-settings.ts'

const POD: Pod = { spec: { serviceAccountName: 'cart', containers: [{ name: 'app' }] } }
const MAPPED_ROLE = 'arn:aws:iam::111122223333:role/mapped'

function annotated(fields: Partial<AccountAnnotations>): AccountAnnotations {
  return { ...NO_ANNOTATIONS, ...fields }
}

function known(fields: Partial<Extract<Account, { state: 'known' }>>): Account {
  return {
    state: 'known',
    annotations: NO_ANNOTATIONS,
    mapping: undefined,
    hasContainerCredentials: false,
    ...fields,
  }
}

const MAPPING = {
  role: MAPPED_ROLE,
  audience: undefined,
  isRegionalSts: undefined,
  tokenExpirationSeconds: undefined,
}

function decideFor(
  account: Account,
  options: { settings?: MutationSettings; pod?: Pod; random?: number } = {},
) {
  const subject = { namespace: 'shop', pod: options.pod ?? POD }
  return createDecider(options.settings ?? DEFAULT_SETTINGS)(account, subject, () => options.random ?? 0)
}

const WEB_IDENTITY_BY_FLAGS = {
  method: 'web_identity',
  roleArn: ROLE_ARN,
  audience: 'sts.amazonaws.com',
  tokenExpirationSeconds: 86_400,
  isRegionalSts: false,
}

t.test('the role of the annotation comes with the flags’ defaults', async (t) => {
  const decision = decideFor(known({ annotations: annotated({ role: ROLE_ARN }) }))
  t.equal(decision.reason, 'role_annotation')
  t.strictSame(decision.identity, WEB_IDENTITY_BY_FLAGS)
  t.strictSame(decision.warnings, [])
})

t.test('annotations win over the flags', async (t) => {
  const annotations = annotated({
    role: ROLE_ARN,
    audience: '',
    isRegionalSts: true,
    tokenExpirationSeconds: 3600,
  })
  t.strictSame(decideFor(known({ annotations })).identity, {
    method: 'web_identity',
    roleArn: ROLE_ARN,
    audience: '',
    tokenExpirationSeconds: 3600,
    isRegionalSts: true,
  })
  const settings = { ...DEFAULT_SETTINGS, defaults: { ...DEFAULT_SETTINGS.defaults, isRegionalSts: true } }
  const off = annotated({ role: ROLE_ARN, isRegionalSts: false })
  t.equal(decideFor(known({ annotations: off }), { settings }).identity?.isRegionalSts, false)
})

t.test('a role of the annotation leaves the ConfigMap’s entry out, member by member', async (t) => {
  const mapping = { role: MAPPED_ROLE, audience: 'mapped', isRegionalSts: true, tokenExpirationSeconds: 1000 }
  const decision = decideFor(known({ annotations: annotated({ role: ROLE_ARN }), mapping }))
  t.strictSame(decision.identity, WEB_IDENTITY_BY_FLAGS)
})

t.test('without a role the ConfigMap’s entry counts, and the other annotations do not', async (t) => {
  const annotations = annotated({ audience: 'annotated', tokenExpirationSeconds: 1000, isRegionalSts: true })
  const decision = decideFor(known({ annotations, mapping: MAPPING }))
  t.equal(decision.reason, 'role_mapping')
  t.strictSame(decision.identity, { ...WEB_IDENTITY_BY_FLAGS, roleArn: MAPPED_ROLE })
})

t.test('the ConfigMap’s entry counts also where the ServiceAccount is not found', async (t) => {
  const decision = decideFor({ state: 'absent', mapping: MAPPING, hasContainerCredentials: false })
  t.equal(decision.reason, 'role_mapping')
})

t.test('an entry of the ConfigMap without a role gives none', async (t) => {
  const decision = decideFor(known({ mapping: { ...MAPPING, role: '' } }))
  t.equal(decision.reason, 'no_role')
  t.equal(decision.identity, undefined)
})

t.test('the pod’s token expiration wins over every other', async (t) => {
  const pod: Pod = { ...POD, metadata: { annotations: { 'eks.amazonaws.com/token-expiration': '1200' } } }
  const annotations = annotated({ role: ROLE_ARN, tokenExpirationSeconds: 3600 })
  t.equal(decideFor(known({ annotations }), { pod }).identity?.tokenExpirationSeconds, 1200)
  const mapping = { ...MAPPING, tokenExpirationSeconds: 3600 }
  t.equal(decideFor(known({ mapping }), { pod }).identity?.tokenExpirationSeconds, 1200)
  const listed = known({ annotations, hasContainerCredentials: true })
  t.equal(decideFor(listed, { pod }).identity?.tokenExpirationSeconds, 1200)
})

t.test('container credentials win over both, with the ServiceAccount’s other annotations', async (t) => {
  const annotations = annotated({
    role: ROLE_ARN,
    audience: 'x',
    isRegionalSts: true,
    tokenExpirationSeconds: 3600,
  })
  const decision = decideFor(known({ annotations, mapping: MAPPING, hasContainerCredentials: true }))
  t.equal(decision.reason, 'container_credentials')
  t.strictSame(decision.identity, {
    method: 'container_credentials',
    tokenExpirationSeconds: 3600,
    isRegionalSts: true,
  })
})

t.test('container credentials need no role and no successful lookup', async (t) => {
  const cause = 'the API server did not answer within 1 s'
  for (const account of [
    known({ hasContainerCredentials: true }),
    { state: 'absent', mapping: undefined, hasContainerCredentials: true },
    { state: 'unavailable', cause, hasContainerCredentials: true },
  ] as const) {
    t.equal(decideFor(account).reason, 'container_credentials', account.state)
  }
})

t.test('a day’s expiration of container credentials is drawn from the last two hours of it', async (t) => {
  const cases = [
    { random: 0, seconds: 79_200 },
    { random: 0.5, seconds: 82_800 },
    { random: 0.999_999_999, seconds: 86_400 },
  ]
  for (const { random, seconds } of cases) {
    const byFlag = decideFor(known({ hasContainerCredentials: true }), { random })
    t.equal(byFlag.identity?.tokenExpirationSeconds, seconds)
    const annotations = annotated({ tokenExpirationSeconds: 86_400 })
    const byAnnotation = decideFor(known({ annotations, hasContainerCredentials: true }), { random })
    t.equal(byAnnotation.identity?.tokenExpirationSeconds, seconds)
  }
  const web = decideFor(known({ annotations: annotated({ role: ROLE_ARN }) }), { random: 0.5 })
  t.equal(web.identity?.tokenExpirationSeconds, 86_400, 'web identity is not spread')
})

t.test('a role’s name becomes an ARN where roles are composed', async (t) => {
  const settings = { ...DEFAULT_SETTINGS, roleArnParts: { partition: 'aws-cn', accountId: '444455556666' } }
  const roleOf = (role: string, chosen: MutationSettings) => {
    const { identity } = decideFor(known({ annotations: annotated({ role }) }), { settings: chosen })
    return identity?.method === 'web_identity' ? identity.roleArn : undefined
  }
  t.equal(roleOf('reader', settings), 'arn:aws-cn:iam::444455556666:role/reader')
  t.equal(roleOf('team/reader', settings), 'arn:aws-cn:iam::444455556666:role/team/reader')
  for (const arn of [ROLE_ARN, 'arn:aws-us-gov:iam::444455556666:role/reader', 'a mistyped arn:aws:iam']) {
    t.equal(roleOf(arn, settings), arn, 'whatever holds arn: is not composed')
  }
  t.equal(roleOf('reader', DEFAULT_SETTINGS), 'reader')
})

t.test('an invalid role ARN is injected all the same, with a warning', async (t) => {
  const valid = [
    ROLE_ARN,
    'arn:aws-us-gov:iam::111122223333:role/a/b/c',
    'arn:aws-cn:iam::111122223333:role/x+y=z,w.v@u-t_s',
  ]
  const invalid = [
    'reader',
    'arn:aws:iam::1111:role/reader',
    'arn:aws:iam::111122223333:user/reader',
    `${ROLE_ARN} `,
    `${ROLE_ARN}\n`,
  ]
  for (const role of valid) {
    t.strictSame(decideFor(known({ annotations: annotated({ role }) })).warnings, [], role)
  }
  for (const role of invalid) {
    const decision = decideFor(known({ annotations: annotated({ role }) }))
    t.equal(decision.warnings[0]?.code, 'invalid_role_arn', role)
    t.match(decision.identity, { roleArn: role })
    const mapped = decideFor(known({ mapping: { ...MAPPING, role } }))
    t.equal(mapped.warnings[0]?.code, 'invalid_role_arn', `${role}, from the ConfigMap`)
  }
})

t.test('no role, no such ServiceAccount and a failed lookup are three reasons', async (t) => {
  t.equal(decideFor(known({})).reason, 'no_role')
  t.equal(
    decideFor({ state: 'absent', mapping: undefined, hasContainerCredentials: false }).reason,
    'account_not_found',
  )
  const failed = decideFor({
    state: 'unavailable',
    cause: 'connection refused',
    hasContainerCredentials: false,
  })
  t.equal(failed.reason, 'lookup_failed')
  t.equal(failed.identity, undefined)
  t.equal(failed.warnings[0]?.code, 'lookup_failed')
  t.match(failed.warnings[0]?.subject, 'connection refused')
})

t.test('a mistyped prefix is said where it explains the missing role', async (t) => {
  const warning = { code: 'mistyped_prefix', subject: 'annotation eks.amazon.com/role-arn' } as const
  const annotations = annotated({ warnings: [warning, { code: 'value_ignored', subject: 'x' }] })
  const decision = decideFor(known({ annotations }))
  t.equal(decision.reason, 'no_role')
  t.strictSame(decision.warnings, [warning])
})

t.test('some pods are left alone whatever their ServiceAccount says', async (t) => {
  const cases: readonly [string, Pod, string | undefined][] = [
    ['an ordinary pod', POD, undefined],
    ['no ServiceAccount', { spec: {} }, 'no_service_account'],
    ['an empty ServiceAccount', { spec: { serviceAccountName: '' } }, 'no_service_account'],
    [
      'the skip label, whatever its value',
      { ...POD, metadata: { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': '' } } },
      'opted_out',
    ],
    [
      'a mirror pod',
      { ...POD, metadata: { annotations: { 'kubernetes.io/config.mirror': 'abc' } } },
      'mirror_pod',
    ],
  ]
  for (const [name, pod, reason] of cases) t.equal(findExemption(pod), reason, name)
})
