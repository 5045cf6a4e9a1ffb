import { quoteValue } from '../text/quoted-text.ts'
import { findMembers, findValue } from './json-spans.ts'
import { isObject, type JsonObject, readTexts, type TrustPolicy } from './trust-policy.ts'

const POLICY_MEMBERS = ['Version', 'Id', 'Statement']
const STATEMENT_MEMBERS = ['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'Condition']

/** The operators of conditions, apart from their prefix and suffix. */
const OPERATOR =
  /^(?:ForAnyValue:|ForAllValues:)?(?:String(?:Not)?(?:Equals(?:IgnoreCase)?|Like)|Numeric(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)|Date(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)|Bool|BinaryEquals|(?:Not)?IpAddress|Arn(?:Not)?(?:Equals|Like)|Null)(?:IfExists)?$/

/** Says what IAM refuses about a trust policy, a line each, and where; empty where nothing that is known here. */
export function findRefusals(policy: TrustPolicy): readonly string[] {
  const { text, statements } = policy
  const members = findMembers(text, findValue(text)).map(({ name }) => name)
  const { Version: version } = JSON.parse(text) as JsonObject
  return [
    ...members
      .filter((name) => !POLICY_MEMBERS.includes(name))
      .map((name) => `a policy has no member ${quoteValue(name)}`),
    ...(version === undefined || version === '2012-10-17' || version === '2008-10-17'
      ? []
      : [`Version must be "2012-10-17", not ${quoteValue(version)}`]),
    ...(statements.length === 0 ? ['it has no statement'] : []),
    ...statements.flatMap(({ value }, index) =>
      findStatementRefusals(value).map((refusal) => `statement ${index + 1}: ${refusal}`),
    ),
    ...findRepeatedSids(statements.map(({ value }) => value['Sid'])),
    ...(/[^\t\n\r\x20-\xff]/.test(text) ? ['it has a character beyond U+00FF'] : []),
  ]
}

function findStatementRefusals(statement: JsonObject): readonly string[] {
  const {
    Sid: sid,
    Effect: effect,
    Principal: principal,
    NotPrincipal: notPrincipal,
    Action: action,
  } = statement
  const refusals = Object.keys(statement)
    .filter((name) => !STATEMENT_MEMBERS.includes(name))
    .map((name) => `a statement of a trust policy has no member ${quoteValue(name)}`)
  if (effect !== 'Allow' && effect !== 'Deny') refusals.push('Effect must be "Allow" or "Deny"')
  if (principal === undefined && notPrincipal === undefined) refusals.push('it has no Principal')
  if (sid !== undefined && !(typeof sid === 'string' && /^[A-Za-z0-9]*$/.test(sid)))
    refusals.push(`Sid must be letters and digits, not ${quoteValue(sid)}`)
  const actions = action === undefined ? undefined : readTexts(action)
  if (actions === undefined || actions.length === 0) refusals.push('it has no Action')
  const other = actions?.find((name) => !/^(?:sts:.|\*$)/i.test(name))
  if (other !== undefined)
    refusals.push(`a trust policy allows actions of STS only, not ${quoteValue(other)}`)
  return [...refusals, ...findConditionRefusals(statement['Condition'])]
}

function findConditionRefusals(block: unknown): readonly string[] {
  if (block === undefined) return []
  if (!isObject(block)) return ['Condition must be an object']
  return Object.entries(block).flatMap(([operator, keys]) => {
    if (!OPERATOR.test(operator))
      return [`Condition: ${quoteValue(operator)} is no operator; JSON has no comments`]
    if (!isObject(keys)) return [`Condition: ${operator} must be an object of keys`]
    return Object.entries(keys).flatMap(([key, value]) => {
      if (!key.includes(':'))
        return [`Condition: ${operator} has ${quoteValue(key)}, which is no key of a condition`]
      const values: readonly unknown[] = Array.isArray(value) ? value : [value]
      const isScalar = values.every((item) => ['string', 'number', 'boolean'].includes(typeof item))
      return isScalar ? [] : [`Condition: the value of ${key} must be a text or a list of texts`]
    })
  })
}

function findRepeatedSids(sids: readonly unknown[]): readonly string[] {
  const named = sids.filter((sid) => sid !== undefined && sid !== '')
  const repeated = new Set(named.filter((sid, index) => named.indexOf(sid) !== index))
  return [...repeated].map((sid) => `two statements have the Sid ${quoteValue(sid)}`)
}
