import t from 'tap'
import { evaluateTrust } from '../../../../src/oidc/verify/trust/evaluate-trust.ts'
import { writePolicy } from '../support/healthy-world.ts'

const HOST_PATH = 'oidc.test/cluster'
const PROVIDER = `arn:aws:iam::111122223333:oidc-provider/${HOST_PATH}`
const SUBJECT = 'system:serviceaccount:shop:app'
const CLAIMS = {
  providerArn: PROVIDER,
  hostPath: HOST_PATH,
  subject: SUBJECT,
  audience: 'sts.amazonaws.com',
}
const SUB = `${HOST_PATH}:sub`
const AUD = `${HOST_PATH}:aud`

type Condition = Readonly<Record<string, unknown>>

const evaluate = (policy: unknown) => evaluateTrust(JSON.stringify(policy), CLAIMS)
const withStatement = (changes: Readonly<Record<string, unknown>>) =>
  writePolicy(PROVIDER, HOST_PATH, changes)
const withCondition = (condition: Condition) => withStatement({ Condition: condition })
const withSubject = (subject: unknown, operator = 'StringEquals') =>
  withCondition({ [operator]: { [SUB]: subject } })
const withProvider = (arn: unknown) => withStatement({ Principal: { Federated: arn } })
const [STATEMENT] = withStatement({}).Statement

const ACCEPTED: readonly (readonly [name: string, policy: unknown])[] = [
  ['both claims', withStatement({})],
  ['one of many subjects', withSubject(['system:serviceaccount:shop:other', SUBJECT])],
  ['a wildcard in StringLike', withSubject('system:serviceaccount:shop:*', 'StringLike')],
  ['a question mark in StringLike', withSubject('system:serviceaccount:shop:a?p', 'StringLike')],
  ['other capitals where they do not matter', withSubject(SUBJECT.toUpperCase(), 'StringEqualsIgnoreCase')],
  ['other capitals in the key', withCondition({ StringEquals: { [SUB.toUpperCase()]: SUBJECT } })],
  ['no condition', withStatement({ Condition: undefined })],
  ['what is excluded is another', withSubject('system:serviceaccount:shop:other', 'StringNotEquals')],
  ['what is excluded is another pattern', withSubject('system:serviceaccount:kube-*', 'StringNotLike')],
  ['IfExists', withSubject(SUBJECT, 'StringEqualsIfExists')],
  ['a claim that must be there', withCondition({ Null: { [SUB]: 'false' } })],
  ['a claim that must not be there', withCondition({ Null: { 'other.test:sub': true } })],
  ['a wildcard in the action', withStatement({ Action: ['sts:TagSession', 'STS:assume*'] })],
  ['one of many providers', withProvider(['arn:aws:iam::111122223333:oidc-provider/a.test', PROVIDER])],
  ['the statement alone, in no list', { Version: '2012-10-17', Statement: STATEMENT }],
  [
    'statements about others around it',
    {
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
        STATEMENT,
        {
          ...STATEMENT,
          Effect: 'Deny',
          Condition: { StringLike: { [SUB]: 'system:serviceaccount:kube-*' } },
        },
      ],
    },
  ],
]

for (const [name, policy] of ACCEPTED) {
  t.test(`accepts: ${name}`, async (t) => t.strictSame(evaluate(policy), { kind: 'accepts' }))
}

const REFUSED: readonly (readonly [name: string, policy: unknown, message: RegExp, hint: RegExp])[] = [
  [
    'another ServiceAccount',
    withSubject(['system:serviceaccount:shop:web', 'system:serviceaccount:shop:api']),
    /^statement 1: its sub must be "system:serviceaccount:shop:web", "system:serviceaccount:shop:api", and is "system:serviceaccount:shop:app"$/,
    /role ensure/,
  ],
  [
    'another ServiceAccount with a longer namespace of the same end',
    withSubject('system:serviceaccount:web-shop:app'),
    /its sub must be/,
    /role ensure/,
  ],
  [
    'namespace and name swapped',
    withSubject('system:serviceaccount:app:shop'),
    /wrong order/,
    /write "system:serviceaccount:shop:app"/,
  ],
  ['the name of a group', withSubject('system:serviceaccounts:shop:app'), /names a group/, /write/],
  ['the short name', withSubject('shop/app'), /is not written system:serviceaccount:NAMESPACE:NAME/, /write/],
  ['a slash', withSubject('system:serviceaccount:shop/app'), /is not written/, /write/],
  ['a missing system:', withSubject('serviceaccount:shop:app'), /is not written/, /write/],
  ['a space', withSubject(` ${SUBJECT}`), /white space/, /write/],
  ['capitals', withSubject('system:ServiceAccount:shop:app'), /differs by capitals/, /write/],
  [
    'a wildcard in StringEquals',
    withSubject('system:serviceaccount:shop:*'),
    /StringEquals takes "system:serviceaccount:shop:\*" literally/,
    /use StringLike/,
  ],
  [
    'what it is not',
    withSubject(SUBJECT, 'StringNotEquals'),
    /StringNotEquals excludes the sub/,
    /take it out/,
  ],
  ['no sub at all', withCondition({ Null: { [SUB]: 'true' } }), /wants no/, /out of Null/],
  [
    'another audience',
    withCondition({ StringEquals: { [AUD]: 'kubernetes' } }),
    /its aud must be "kubernetes", and is "sts\.amazonaws\.com"/,
    /the same/,
  ],
  [
    'an audience with https://',
    withCondition({ StringEquals: { [AUD]: 'https://sts.amazonaws.com' } }),
    /has https:\/\/ in front/,
    /write "sts\.amazonaws\.com"/,
  ],
  [
    'a key with https://',
    withCondition({ StringEquals: { [`https://${SUB}`]: SUBJECT } }),
    /the key "https:\/\/oidc\.test\/cluster:sub" has https:\/\/ in front/,
    /write "oidc\.test\/cluster:sub"/,
  ],
  [
    'a key with a slash more',
    withCondition({ StringEquals: { [`${HOST_PATH}/:sub`]: SUBJECT } }),
    /differs by a slash at the end/,
    /write/,
  ],
  [
    'a key of another issuer',
    withCondition({ StringEquals: { 'other.test/cluster:sub': SUBJECT } }),
    /is of another issuer/,
    /write/,
  ],
  [
    "a guide's placeholder as key",
    withCondition({ StringEquals: { 'ISSUER_HOSTPATH:sub': SUBJECT } }),
    /the key "ISSUER_HOSTPATH:sub" is of another issuer/,
    /write "oidc\.test\/cluster:sub"/,
  ],
  [
    'a key with the long name of the claim',
    withCondition({ StringEquals: { [`${HOST_PATH}:audience`]: 'sts.amazonaws.com' } }),
    /names the claim aud wrongly/,
    /write "oidc\.test\/cluster:aud"/,
  ],
  [
    'the provider of another account',
    withProvider(PROVIDER.replace('1111', '9999')),
    /its account is "999922223333"/,
    /make Federated/,
  ],
  [
    'the provider of another partition',
    withProvider(PROVIDER.replace('arn:aws:', 'arn:aws-cn:')),
    /its partition is "aws-cn"/,
    /make Federated/,
  ],
  [
    'a provider with https://',
    withProvider(PROVIDER.replace('oidc.test', 'https://oidc.test')),
    /its issuer has https:\/\/ in front/,
    /make Federated/,
  ],
  ['a provider with a slash more', withProvider(`${PROVIDER}/`), /its issuer differs by a slash/, /make/],
  ['a provider of another issuer', withProvider(PROVIDER.replace('cluster', 'b')), /is another one/, /make/],
  ['the issuer as provider', withProvider(`https://${HOST_PATH}`), /not the ARN of its provider/, /make/],
  ['some other provider', withProvider('accounts.google.com'), /which is another provider/, /make/],
  [
    'the provider under AWS',
    withStatement({ Principal: { AWS: PROVIDER } }),
    /the provider stands under AWS/,
    /under Federated/,
  ],
  [
    'the action of users',
    withStatement({ Action: 'sts:AssumeRole' }),
    /Action is "sts:AssumeRole", not sts:AssumeRoleWithWebIdentity/,
    /make Action/,
  ],
  [
    'a policy for a service',
    withStatement({ Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }),
    /no statement allows sts:AssumeRoleWithWebIdentity to a provider/,
    /role ensure/,
  ],
  [
    'a denial',
    { Statement: [STATEMENT, { ...STATEMENT, Effect: 'Deny' }] },
    /^statement 2 denies it$/,
    /narrow/,
  ],
  [
    'comments as the guide has them',
    withCondition({ __doc_comment: 'scope the role', StringEquals: { [SUB]: SUBJECT } }),
    /^IAM refuses this policy: statement 1: .*"__doc_comment"/,
    /take that out/,
  ],
  ['what is no policy', [], /not a JSON object/, /role trust-policy/],
  [
    'the statement that lacks least is explained',
    {
      Statement: [
        { ...STATEMENT, Principal: { Federated: 'a.test' }, Action: 'sts:AssumeRole' },
        ...withSubject('system:serviceaccount:app:shop').Statement,
      ],
    },
    /^statement 2: the sub/,
    /write/,
  ],
]

for (const [name, policy, message, hint] of REFUSED) {
  t.test(`refuses: ${name}`, async (t) =>
    t.match(evaluate(policy), { kind: 'refuses', flaw: { message, hint } }),
  )
}

const UNCLEAR: readonly (readonly [name: string, policy: unknown, doubt: RegExp])[] = [
  ['an operator for lists', withSubject(SUBJECT, 'ForAnyValue:StringEquals'), /ForAnyValue:StringEquals of/],
  ['an operator for lists of all', withSubject('x', 'ForAllValues:StringLike'), /ForAllValues:StringLike/],
  ['a key of AWS', withCondition({ StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }), /aws:Requested/],
  [
    'a policy variable',
    withSubject('system:serviceaccount:$' + '{aws:PrincipalTag/ns}:app', 'StringLike'),
    /StringLike/,
  ],
  ['a claim of which STS may know', withCondition({ StringEquals: { [`${HOST_PATH}:amr`]: 'x' } }), /amr/],
  ['a key of SAML', withCondition({ StringEquals: { 'saml:sub': 'x' } }), /saml:sub/],
  ['everyone', withStatement({ Principal: '*' }), /a Principal that is no object/],
  ['everyone else', withStatement({ Principal: undefined, NotPrincipal: { AWS: '*' } }), /NotPrincipal/],
  [
    'a denial that may apply',
    {
      Statement: [
        STATEMENT,
        { ...STATEMENT, Effect: 'Deny', Condition: { NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } },
      ],
    },
    /^statement 2 depends on NotIpAddress/,
  ],
]

for (const [name, policy, doubt] of UNCLEAR) {
  t.test(`cannot tell: ${name}`, async (t) => {
    const verdict = evaluate(policy)
    t.match(verdict, { kind: 'unclear' })
    t.match(verdict.kind === 'unclear' ? verdict.doubts.join() : '', doubt)
  })
}
