import fc from 'fast-check'
import t from 'tap'
import { mergeTrust } from '../../src/iam/merge-trust.ts'
import type { TrustRequest } from '../../src/iam/trust-request.ts'
import { isTrusted, type ModelToken, matchesPattern } from '../support/trust-model.ts'

const ISSUERS = ['a.example.com', 'a.example.com/b'] as const
const AUDIENCES = ['sts.amazonaws.com', 'other'] as const
/** Few letters, so that subjects and patterns meet. */
const WORDS = ['a', 'b', 'ab', 'a-b']
const word = fc.constantFrom(...WORDS)
const pattern = fc.constantFrom('a', 'b', 'ab', '*', 'a*', '?', 'a?b')
const toSubject = ([namespace, name]: readonly [string, string]) =>
  `system:serviceaccount:${namespace}:${name}`
const subject = fc.tuple(word, word).map(toSubject)
const subjectPattern = fc.oneof(subject, fc.tuple(pattern, pattern).map(toSubject))
const nameProvider = (hostPath: string) => `arn:aws:iam::111122223333:oidc-provider/${hostPath}`

const request: fc.Arbitrary<TrustRequest> = fc
  .record({
    hostPath: fc.constantFrom(...ISSUERS),
    subjects: fc.array(subjectPattern, { minLength: 1, maxLength: 4 }),
    audience: fc.constantFrom(...AUDIENCES),
    isReplacing: fc.boolean(),
  })
  .map((values) => ({ ...values, providerArn: nameProvider(values.hostPath) }))

const oneOrList = (item: fc.Arbitrary<string>) => fc.oneof(item, fc.array(item, { maxLength: 3 }))
/** Mostly `usual`: statements that a merge unites are rare where anything may be anything. */
const mostly = <T>(usual: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other })
const operator = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('StringEquals', 'StringLike') },
  { weight: 1, arbitrary: fc.constant('StringNotEquals') },
)

/** Trust in one of the issuers as people write it, sensibly or not. */
const handMade = fc
  .record({
    hostPath: fc.constantFrom(...ISSUERS),
    subjects: fc.option(oneOrList(subjectPattern), { freq: 6 }),
    audiences: fc.option(oneOrList(mostly<string>(AUDIENCES[0], fc.constantFrom(...AUDIENCES, '*'))), {
      freq: 6,
    }),
    second: fc.option(fc.tuple(operator, subjectPattern), { freq: 1 }),
    operators: fc.tuple(operator, operator),
    effect: mostly('Allow', fc.constant('Deny')),
    isUpperCase: fc.boolean(),
    action: mostly<unknown>(
      'sts:AssumeRoleWithWebIdentity',
      fc.constantFrom(['sts:assumeRoleWithWebIdentity'], ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession']),
    ),
    principal: mostly('text', fc.constantFrom('list', 'two')),
  })
  .map(({ hostPath, subjects, audiences, second, operators, effect, isUpperCase, action, principal }) => {
    const key = (claim: string) =>
      isUpperCase ? `${hostPath}:${claim}`.toUpperCase() : `${hostPath}:${claim}`
    const condition: Record<string, Record<string, unknown>> = {}
    if (subjects !== null) condition[operators[0]] = { [key('sub')]: subjects }
    if (audiences !== null) condition[operators[1]] = { ...condition[operators[1]], [key('aud')]: audiences }
    if (second !== null) condition[second[0]] = { [key('sub')]: second[1], ...condition[second[0]] }
    const arns = ISSUERS.map(nameProvider)
    const arn = nameProvider(hostPath)
    const federated = principal === 'text' ? arn : principal === 'list' ? [arn] : arns
    return { Effect: effect, Principal: { Federated: federated }, Action: action, Condition: condition }
  })

/** JSON as others write it: white space anywhere, numbers in other forms, members that nobody knows. */
const foreignText = fc
  .record({
    value: fc.dictionary(fc.string(), fc.jsonValue()),
    number: fc.constantFrom('1.0', '-0', '1e3', '1E+2', '12345678901234567890'),
    space: fc.constantFrom('', ' ', '\n\t', ' \r\n'),
  })
  .map(({ value, number, space }) => {
    const rest = JSON.stringify(value).slice(1)
    return `{${space}"n"${space}:${space}${number}${space}${rest === '}' ? '' : ','}${rest}`
  })

const policy = fc
  .record({
    statements: fc.array(
      fc.oneof(
        foreignText,
        handMade.map((value) => JSON.stringify(value)),
      ),
      { maxLength: 5 },
    ),
    space: fc.constantFrom('', '\n', '\n  ', ' '),
  })
  .map(({ statements, space }) => ({
    statements,
    text: `{${space}"Version":"2012-10-17",${space}"Statement":[${space}${statements.join(`,${space}`)}${space}]}`,
  }))

/** All that there are. */
const TOKENS = ISSUERS.flatMap((hostPath) =>
  AUDIENCES.flatMap((aud) =>
    WORDS.flatMap((namespace) =>
      WORDS.map((name) => ({
        ...{ hostPath, aud, sub: toSubject([namespace, name]), providerArn: nameProvider(hostPath) },
      })),
    ),
  ),
)

t.test('property: merging twice is merging once', async () => {
  fc.assert(
    fc.property(policy, request, ({ text }, asked) => {
      const once = mergeTrust(text, asked).text
      const twice = mergeTrust(once, asked)
      return twice.text === once && !twice.isChanged
    }),
  )
})

t.test('property: statements of others keep their bytes and their order', async () => {
  fc.assert(
    fc.property(policy, request, ({ text, statements }, asked) => {
      const merged = mergeTrust(text, asked).text
      let position = 0
      return statements
        .filter((statement) => !statement.includes(asked.providerArn))
        .every((statement) => {
          position = merged.indexOf(statement, position) + statement.length
          return position >= statement.length
        })
    }),
  )
})

t.test('property: a merge lets in whom it names and, but for --replace, nobody else in or out', async () => {
  fc.assert(
    fc.property(policy, request, ({ text }, asked) => {
      const merged = mergeTrust(text, asked).text
      const denials = denyOnly(text)
      return TOKENS.every((token) => {
        const isNamed = isNamedBy(asked, token)
        const [before, after] = [isTrusted(text, token), isTrusted(merged, token)]
        if (isTrusted(denials, token)) return !after
        if (isNamed) return after
        return asked.isReplacing && token.hostPath === asked.hostPath ? !after || before : after === before
      })
    }),
    { numRuns: 1_000 },
  )
})

t.test('property: after --replace a plain policy lets in only whom it names', async () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), request, (grown, asked) => {
      const text = grown.reduce((merged, one) => mergeTrust(merged, one).text, '{"Statement":[]}')
      const replaced = mergeTrust(text, { ...asked, isReplacing: true }).text
      return TOKENS.filter(({ hostPath }) => hostPath === asked.hostPath).every(
        (token) => isTrusted(replaced, token) === isNamedBy(asked, token),
      )
    }),
  )
})

function isNamedBy({ hostPath, audience, subjects }: TrustRequest, token: ModelToken): boolean {
  return (
    hostPath === token.hostPath &&
    audience === token.aud &&
    subjects.some((named) => matchesPattern(named, token.sub))
  )
}

/** The policy with its denials made permissions, and without its permissions. */
function denyOnly(text: string): string {
  const { Statement } = JSON.parse(text) as { readonly Statement: readonly Record<string, unknown>[] }
  const denials = Statement.filter(({ Effect }) => Effect === 'Deny')
  return JSON.stringify({ Statement: denials.map((statement) => ({ ...statement, Effect: 'Allow' })) })
}
