import t from 'tap'
import { findRefusals } from '../../src/iam/policy-refusals.ts'
import { findSizeWarning } from '../../src/iam/policy-size.ts'
import { parseTrustPolicy } from '../../src/iam/trust-policy.ts'

const STATEMENT = {
  Effect: 'Allow',
  Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/h' },
  Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
  Condition: {
    StringEquals: { 'h:aud': 'a' },
    'ForAnyValue:StringLikeIfExists': { 'h:sub': ['b'] },
    Bool: { 'aws:SecureTransport': true },
    NumericLessThanEquals: { 'aws:MultiFactorAuthAge': 1 },
    ArnNotLike: { 'aws:PrincipalArn': 'c' },
  },
}

const refusalsOf = (changes: object, policy: object = {}) =>
  findRefusals(
    parseTrustPolicy(
      JSON.stringify({ Version: '2012-10-17', Statement: [{ ...STATEMENT, ...changes }], ...policy }),
    ),
  )

t.test('what IAM takes is not refused', async (t) => {
  t.strictSame(refusalsOf({ Sid: 'A1' }, { Id: 'x' }), [])
})

t.test('what IAM refuses is named, with its place', async (t) => {
  const rows: readonly [refusal: RegExp, changes: object, policy?: object][] = [
    [/^a policy has no member "Comment"$/, {}, { Comment: '' }],
    [/^Version must be "2012-10-17", not "2020-01-01"$/, {}, { Version: '2020-01-01' }],
    [/^it has no statement$/, {}, { Statement: [] }],
    [
      /^two statements have the Sid "A"$/,
      {},
      {
        Statement: [
          { ...STATEMENT, Sid: 'A' },
          { ...STATEMENT, Sid: 'A' },
        ],
      },
    ],
    [/^it has a character beyond U\+00FF$/, { Condition: { StringEquals: { 'h:sub': '→' } } }],
    [/^statement 1: a statement of a trust policy has no member "Resource"$/, { Resource: '*' }],
    [/Effect must be "Allow" or "Deny"/, { Effect: 'allow' }],
    [/it has no Principal/, { Principal: undefined }],
    [/Sid must be letters and digits, not "a b"/, { Sid: 'a b' }],
    [/it has no Action/, { Action: undefined }],
    [/actions of STS only, not "s3:GetObject"/, { Action: ['s3:GetObject'] }],
    [/Condition must be an object/, { Condition: 'x' }],
    [/"__doc_comment" is no operator; JSON has no comments/, { Condition: { __doc_comment: 'x' } }],
    [/"StringEqual" is no operator/, { Condition: { StringEqual: { 'h:sub': 'x' } } }],
    [
      /StringEquals has "__doc_comment", which is no key/,
      { Condition: { StringEquals: { __doc_comment: 'x' } } },
    ],
    [/StringEquals must be an object of keys/, { Condition: { StringEquals: 'x' } }],
    [/the value of h:sub must be a text/, { Condition: { StringEquals: { 'h:sub': {} } } }],
  ]
  for (const [refusal, changes, policy] of rows) {
    const refusals = refusalsOf(changes, policy)
    t.equal(refusals.length, 1, refusals.join('; '))
    t.match(refusals[0], refusal)
  }
})

t.test('the quota counts characters without white space', async (t) => {
  const text = (length: number) => `{ "a" :\n "${'x '.repeat((length - 8) / 2)}" }`
  t.equal(findSizeWarning(text(2048)), undefined)
  t.match(findSizeWarning(text(2050)), /has 2050 characters .*Role trust policy length.* IAM takes 2048/)
})
