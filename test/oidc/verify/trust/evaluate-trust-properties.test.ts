import fc from 'fast-check'
import t from 'tap'
import { evaluateTrust } from '../../../../src/oidc/verify/trust/evaluate-trust.ts'
import { matchesPattern } from '../../../../src/oidc/verify/trust/text-pattern.ts'

const HOST_PATH = 'oidc.test/cluster'
const PROVIDER = `arn:aws:iam::111122223333:oidc-provider/${HOST_PATH}`
const CLAIMS = {
  providerArn: PROVIDER,
  hostPath: HOST_PATH,
  subject: 'system:serviceaccount:a:b',
  audience: 'x',
}
const FOREIGN = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }

/** Statements of which most are nearly right. */
const statement = fc.record({
  Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
  Principal: fc.constantFrom<unknown>(
    { Federated: PROVIDER },
    { Federated: [PROVIDER] },
    { Federated: 'x' },
    '*',
  ),
  Action: fc.constantFrom('sts:AssumeRoleWithWebIdentity', 'sts:*', 'sts:AssumeRole'),
  Condition: fc.dictionary(
    fc.constantFrom('StringEquals', 'StringLike', 'StringNotEquals', 'ForAnyValue:StringEquals', 'Bool'),
    fc.dictionary(
      fc.constantFrom(`${HOST_PATH}:sub`, `${HOST_PATH}:aud`, 'other.test:sub', 'aws:SourceIp'),
      fc.array(fc.constantFrom(CLAIMS.subject, 'x', 'system:*', 'system:serviceaccount:b:a'), {
        minLength: 1,
      }),
      { maxKeys: 2 },
    ),
    { maxKeys: 2 },
  ),
})
const statements = fc.array(statement, { minLength: 1, maxLength: 4 })

const evaluate = (Statement: readonly unknown[]) => evaluateTrust(JSON.stringify({ Statement }), CLAIMS)

t.test('any text has a verdict', async () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => evaluateTrust(text, CLAIMS).kind !== 'accepts'),
  )
})

t.test('anything in the place of a statement or a condition has a verdict', async () => {
  fc.assert(
    fc.property(statement, fc.json(), (base, text) => {
      const value: unknown = JSON.parse(text)
      for (const name of Object.keys(base)) evaluate([{ ...base, [name]: value }])
      return evaluate([value]).kind !== 'accepts'
    }),
  )
})

t.test('members that are called as methods of JavaScript are texts like others', async (t) => {
  const base = {
    Effect: 'Allow',
    Principal: { Federated: PROVIDER },
    Action: 'sts:AssumeRoleWithWebIdentity',
  }
  for (const value of [
    { '': { toString: '' } },
    { a: { b: { toString: '' } } },
    { constructor: [{ toString: null }] },
  ]) {
    for (const name of ['Principal', 'Action', 'Condition'])
      t.not(evaluate([{ ...base, Condition: {}, [name]: value }]).kind, 'accepts', name)
  }
})

t.test('the order of statements and of values does not matter', async () => {
  fc.assert(
    fc.property(statements, (listed) => {
      const turned = listed.toReversed().map((each) => ({
        ...each,
        Condition: Object.fromEntries(
          Object.entries(each.Condition)
            .toReversed()
            .map(([operator, keys]) => [
              operator,
              Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, values.toReversed()])),
            ]),
        ),
      }))
      return evaluate(listed).kind === evaluate(turned).kind
    }),
  )
})

t.test('a denial of everything denies, whatever else is there', async () => {
  const denial = {
    Effect: 'Deny',
    Principal: { Federated: PROVIDER },
    Action: 'sts:AssumeRoleWithWebIdentity',
  }
  fc.assert(fc.property(statements, (listed) => evaluate([...listed, denial]).kind === 'refuses'))
})

t.test('what allows without a condition leaves only denials to decide', async () => {
  const allowance = { ...FOREIGN, Principal: { Federated: PROVIDER }, Action: 'sts:*' }
  fc.assert(
    fc.property(statements, (listed) => {
      const allows = listed.filter(({ Effect }) => Effect === 'Allow')
      return evaluate([...allows, allowance]).kind === 'accepts'
    }),
  )
})

t.test('a statement about others changes nothing', async () => {
  fc.assert(
    fc.property(statements, (listed) => evaluate(listed).kind === evaluate([...listed, FOREIGN]).kind),
  )
})

t.test('one more condition never makes an allowed token of one that was not', async () => {
  const strict = { StringEqualsIgnoreCase: { [`${HOST_PATH}:sub`]: CLAIMS.subject } }
  fc.assert(
    fc.property(statement, (base) => {
      const allow = { ...base, Effect: 'Allow' }
      const narrowed = { ...allow, Condition: { ...base.Condition, ...strict } }
      return evaluate([allow]).kind === evaluate([narrowed]).kind
    }),
  )
})

t.test('patterns are those of a regular expression', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '\n'), maxLength: 12 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 })
  fc.assert(
    fc.property(pattern, text, (written, found) => {
      const source = written.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
      return matchesPattern(written, found) === new RegExp(`^${source}$`, 's').test(found)
    }),
  )
})
