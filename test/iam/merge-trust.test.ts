import t from 'tap'
import { createTrustPolicy, mergeTrust } from '../../src/iam/merge-trust.ts'
import type { TrustRequest } from '../../src/iam/trust-request.ts'
import { isTrusted } from '../support/trust-model.ts'

const HOST_PATH = 'issuer.example.com/one'
const PROVIDER_ARN = `arn:aws:iam::111122223333:oidc-provider/${HOST_PATH}`

function ask(subjects: readonly string[], changes: Partial<TrustRequest> = {}): TrustRequest {
  return {
    providerArn: PROVIDER_ARN,
    hostPath: HOST_PATH,
    subjects: subjects.map(toSubject),
    audience: 'sts.amazonaws.com',
    isReplacing: false,
    ...changes,
  }
}

function toSubject(account: string): string {
  return `system:serviceaccount:${account.replace('/', ':')}`
}

/** A statement as somebody wrote it by hand; `null` takes a member out. */
function handMade(condition: object, changes: object = {}): object {
  return {
    Sid: 'HandMade',
    Effect: 'Allow',
    Principal: { Federated: PROVIDER_ARN },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: condition,
    ...changes,
  }
}

function policyOf(...statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

function conditionsOf(text: string): unknown[] {
  const { Statement } = JSON.parse(text) as { readonly Statement: readonly { readonly Condition: unknown }[] }
  return Statement.map(({ Condition }) => Condition)
}

const sub = `${HOST_PATH}:sub`
const aud = `${HOST_PATH}:aud`
const AUD = { [aud]: 'sts.amazonaws.com' }
const CART = toSubject('shop/cart')
const TILL = toSubject('shop/till')

t.test('a new policy names subject and audience, one operator for both', async (t) => {
  t.strictSame(JSON.parse(createTrustPolicy(ask(['shop/cart'])).text), {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: PROVIDER_ARN },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { ...AUD, [sub]: CART } },
      },
    ],
  })
  t.strictSame(conditionsOf(createTrustPolicy(ask(['shop/cart', 'till/*'])).text), [
    { StringLike: { ...AUD, [sub]: [CART, 'system:serviceaccount:till:*'] } },
  ])
})

t.test('what is united with a plain statement', async (t) => {
  const rows: readonly [name: string, statement: object, request: TrustRequest, condition: object][] = [
    [
      'a subject joins one',
      handMade({ StringEquals: { ...AUD, [sub]: CART } }),
      ask(['shop/till']),
      { StringEquals: { ...AUD, [sub]: [CART, TILL] } },
    ],
    [
      'subjects that are there stay where they are',
      handMade({ StringEquals: { ...AUD, [sub]: [TILL, CART] } }),
      ask(['shop/cart', 'a/b']),
      { StringEquals: { ...AUD, [sub]: [TILL, CART, toSubject('a/b')] } },
    ],
    [
      'a pattern makes both keys StringLike',
      handMade({ StringEquals: { ...AUD, [sub]: CART } }),
      ask(['shop/*']),
      { StringLike: { ...AUD, [sub]: [CART, toSubject('shop/*')] } },
    ],
    [
      'each key has an operator of its own',
      handMade({ StringEquals: AUD, StringLike: { [sub]: toSubject('shop/t?ll') } }),
      ask(['shop/cart']),
      { StringLike: { ...AUD, [sub]: [toSubject('shop/t?ll'), CART] } },
    ],
    [
      'keys in another case, lists of one, the action in capitals',
      handMade(
        { StringEquals: { [aud.toUpperCase()]: ['sts.amazonaws.com'], [sub.toUpperCase()]: [CART] } },
        { Action: ['STS:AssumeRoleWithWebIdentity'], Principal: { Federated: [PROVIDER_ARN] } },
      ),
      ask(['shop/till']),
      { StringEquals: { ...AUD, [sub]: [CART, TILL] } },
    ],
  ]
  for (const [name, statement, request, condition] of rows) {
    const merged = mergeTrust(policyOf(statement), request)
    t.strictSame(conditionsOf(merged.text), [condition], name)
    t.match(JSON.parse(merged.text).Statement[0], { Sid: 'HandMade' }, name)
    t.strictSame(merged.warnings, [], name)
  }
})

t.test(
  'what cannot be united safely stays, and a statement of ours is added; the reason is told',
  async (t) => {
    const both = { StringEquals: { ...AUD, [sub]: CART } }
    const rows: readonly [reason: RegExp | undefined, statement: object][] = [
      [/no condition on .*:sub, so it trusts every pod/, handMade({ StringEquals: AUD })],
      [/no condition on .*:aud/, handMade({ StringEquals: { [sub]: CART } })],
      [
        /StringEquals takes system:serviceaccount:shop:\* literally/,
        handMade({ StringEquals: { ...AUD, [sub]: toSubject('shop/*') } }),
      ],
      [/policy variable/, handMade({ StringLike: { ...AUD, [sub]: 'system:$' + '{aws:username}' } })],
      [
        /further condition, IpAddress of aws:SourceIp/,
        handMade({ ...both, IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }),
      ],
      [/further condition, StringLike/, handMade({ ...both, StringLike: { [sub]: toSubject('shop/*') } })],
      [
        /further condition, ForAnyValue:StringEquals/,
        handMade({ 'ForAnyValue:StringEquals': { ...AUD, [sub]: CART } }),
      ],
      [/no form that IAM takes/, handMade({ __doc_comment: 'scope', ...both })],
      [/no form that IAM takes/, handMade({ StringEquals: { ...AUD, [sub]: [1] } })],
      [/compares .* with nothing/, handMade({ StringEquals: { ...AUD, [sub]: [] } })],
      [/other actions/, handMade(both, { Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'] })],
      [
        /other principals/,
        handMade(both, { Principal: { Federated: [PROVIDER_ARN, 'accounts.google.com'] } }),
      ],
      [/other principals/, handMade(both, { Principal: { Federated: PROVIDER_ARN, AWS: '*' } })],
      [/has a member "Resource"/, handMade(both, { Resource: '*' })],
      // Not of this provider, or no trust: nothing to tell.
      [undefined, handMade(both, { Effect: 'Deny' })],
      [undefined, handMade(both, { Principal: '*' })],
      [undefined, handMade(both, { Principal: { Federated: `${PROVIDER_ARN}-two` } })],
      [undefined, handMade({ StringEquals: { [aud]: ['sts.amazonaws.com', 'other'], [sub]: CART } })],
      [undefined, handMade({ StringLike: { [aud]: '*', [sub]: CART } })],
    ]
    for (const [reason, statement] of rows) {
      const before = JSON.stringify(statement)
      const { text, warnings } = mergeTrust(policyOf(statement), ask(['shop/till']))
      t.ok(text.includes(before), before)
      t.strictSame(conditionsOf(text)[1], { StringEquals: { ...AUD, [sub]: TILL } }, before)
      t.equal(warnings.length, reason === undefined ? 0 : 1, before)
      if (reason !== undefined) t.match(warnings[0], reason)
    }
  },
)

t.test('a member that is named twice is left alone: one of the two would be lost', async (t) => {
  const statement = JSON.stringify(handMade({ StringEquals: { ...AUD, [sub]: CART } }))
  const twice = statement.replace('"StringEquals"', '"StringEquals":{},"StringEquals"')
  const { text, warnings } = mergeTrust(`{"Statement":[${twice}]}`, ask(['shop/till']))
  t.ok(text.includes(twice))
  t.match(warnings, [/names a member twice/])
})

t.test('what is there already changes nothing', async (t) => {
  const text = policyOf(handMade({ StringLike: { ...AUD, [sub]: [CART, TILL] } }))
  t.match(mergeTrust(text, ask(['shop/till', 'shop/cart'])), { text, isChanged: false })
  t.match(mergeTrust(text, ask(['shop/till', 'shop/cart'], { isReplacing: true })), {
    text,
    isChanged: false,
  })
})

t.test('subjects of another audience have a statement of their own', async (t) => {
  const text = mergeTrust(
    policyOf(handMade({ StringEquals: { ...AUD, [sub]: CART } })),
    ask(['shop/till'], { audience: 'other' }),
  ).text
  const token = { providerArn: PROVIDER_ARN, hostPath: HOST_PATH }
  const trusts = (subject: string, audience: string) =>
    isTrusted(text, { ...token, sub: subject, aud: audience })
  t.strictSame(
    [
      trusts(CART, 'sts.amazonaws.com'),
      trusts(TILL, 'other'),
      trusts(CART, 'other'),
      trusts(TILL, 'sts.amazonaws.com'),
    ],
    [true, true, false, false],
  )
})

t.test('--replace leaves one plain statement of the issuer, and those of others', async (t) => {
  const other = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }
  const plain = (subject: string, audience: string) =>
    handMade({ StringEquals: { [aud]: audience, [sub]: subject } })
  const text = policyOf(other, plain(CART, 'x'), other, plain(TILL, 'sts.amazonaws.com'), plain(CART, 'y'))
  const merged = mergeTrust(text, ask(['till/*'], { isReplacing: true })).text
  t.strictSame(conditionsOf(merged), [
    undefined,
    { StringLike: { ...AUD, [sub]: toSubject('till/*') } },
    undefined,
  ])
})

t.test('two clusters have a statement each in one role', async (t) => {
  const two = 'issuer.example.com/two'
  const providerArn = PROVIDER_ARN.replace(HOST_PATH, two)
  const first = createTrustPolicy(ask(['shop/cart'])).text
  const text = mergeTrust(first, ask(['shop/cart'], { hostPath: two, providerArn })).text
  t.strictSame(conditionsOf(text), [
    { StringEquals: { ...AUD, [sub]: CART } },
    { StringEquals: { [`${two}:aud`]: 'sts.amazonaws.com', [`${two}:sub`]: CART } },
  ])
  t.equal(mergeTrust(text, ask(['shop/cart'])).isChanged, false)
})

t.test('a policy keeps its style', async (t) => {
  const other = `{ "Effect" : "Allow", "Principal": {"AWS":"*"},\t"Action":"sts:AssumeRole", "x": [1.0, 1e3, "\\u0041", {}, []] }`
  const ours = (indentation: string) =>
    JSON.stringify(
      JSON.parse(createTrustPolicy(ask(['shop/cart'])).text).Statement[0],
      undefined,
      2,
    ).replaceAll('\n', `\n${indentation}`)
  const compact = JSON.stringify(JSON.parse(ours('')))
  const rows: readonly [before: string, after: string][] = [
    [`{"Statement":[${other}]}`, `{"Statement":[${other},${compact}]}`],
    [` {"Statement":${other},"Id":1.50} `, ` {"Statement":[${other},${compact}],"Id":1.50} `],
    ['{"Statement":[ ]}', `{"Statement":[${compact}]}`],
    [
      `{\n  "Statement": [\n    ${other}\n  ]\n}\n`,
      `{\n  "Statement": [\n    ${other},\n    ${ours('    ')}\n  ]\n}\n`,
    ],
  ]
  for (const [before, after] of rows) t.equal(mergeTrust(before, ask(['shop/cart'])).text, after)
})

t.test('what is no policy is refused in one line that repeats nothing of it', async (t) => {
  for (const [text, message] of [
    ['secret', 'the policy is not JSON'],
    ['[]', 'the policy is not a JSON object'],
    ['{}', 'the policy has no Statement'],
    ['{"Statement":["x"]}', 'a Statement of the policy is not a JSON object'],
    ['{"Statement":3}', 'a Statement of the policy is not a JSON object'],
  ] as const)
    t.throws(() => mergeTrust(text, ask(['a/b'])), new Error(message), text)
})
