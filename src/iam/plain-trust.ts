import { hasRepeatedNames, sliceSpan } from './json-spans.ts'
import { isObject, readConditions, readTexts, type TrustPolicy, type TrustStatement } from './trust-policy.ts'
import { hasWildcard, type TrustRequest } from './trust-request.ts'

/** A statement that says no more than which subjects and audiences of one issuer may take the role. */
export interface PlainTrust {
  readonly kind: 'plain'
  readonly statement: TrustStatement
  readonly subjects: readonly string[]
  readonly audiences: readonly string[]
}

/** What a statement is to an issuer's provider. */
export type StatementReading =
  | PlainTrust
  /** It names the provider, and what it says cannot be written as subjects and audiences. */
  | { readonly kind: 'special'; readonly reason: string }
  | { readonly kind: 'foreign' }

const ACTION = 'sts:assumerolewithwebidentity'
const PLAIN_MEMBERS = ['Sid', 'Effect', 'Principal', 'Action', 'Condition']

/**
 * Reads a statement for one provider. A plain one may be written anew with more subjects and means the same for the
 * others; so it is plain only where that is certain.
 */
export function readStatement(
  policy: TrustPolicy,
  statement: TrustStatement,
  { providerArn, hostPath }: Pick<TrustRequest, 'providerArn' | 'hostPath'>,
): StatementReading {
  const { value, span } = statement
  const principals = isObject(value['Principal']) ? value['Principal'] : {}
  const providers = readTexts(principals['Federated']) ?? []
  if (value['Effect'] !== 'Allow' || !providers.includes(providerArn)) return { kind: 'foreign' }
  const special = (reason: string): StatementReading => ({ kind: 'special', reason })
  if (providers.length > 1 || Object.keys(principals).length > 1)
    return special('it trusts other principals too')
  const extra = Object.keys(value).find((name) => !PLAIN_MEMBERS.includes(name))
  if (extra !== undefined) return special(`it has a member ${JSON.stringify(extra)}`)
  if (hasRepeatedNames(sliceSpan(policy.text, span))) return special('it names a member twice')
  const actions = readTexts(value['Action'])
  if (actions?.length !== 1 || actions[0]?.toLowerCase() !== ACTION)
    return special('it allows other actions than sts:AssumeRoleWithWebIdentity')
  return readPlainConditions(statement, hostPath) ?? special('its Condition is of no form that IAM takes')
}

function readPlainConditions(statement: TrustStatement, hostPath: string): StatementReading | undefined {
  const conditions = readConditions(statement)
  if (conditions === undefined) return undefined
  const special = (reason: string): StatementReading => ({ kind: 'special', reason })
  const found = new Map<string, readonly string[]>()
  for (const { operator, key, values } of conditions) {
    const claim = ['sub', 'aud'].find((name) => key.toLowerCase() === `${hostPath}:${name}`.toLowerCase())
    const isKnown = operator === 'StringEquals' || operator === 'StringLike'
    if (claim === undefined || !isKnown || found.has(claim))
      return special(`it has a further condition, ${operator} of ${key}`)
    if (values.length === 0) return special(`it compares ${key} with nothing`)
    // To StringEquals a * is a *: moved to StringLike for a new pattern's sake it would let in others.
    const literal = operator === 'StringEquals' ? values.find(hasWildcard) : undefined
    if (literal !== undefined) return special(`StringEquals takes ${literal} literally, StringLike is meant`)
    if (values.some((text) => text.includes('$'))) return special(`it compares ${key} with a policy variable`)
    found.set(claim, values)
  }
  const subjects = found.get('sub')
  const audiences = found.get('aud')
  if (subjects === undefined) return special(`it has no condition on ${hostPath}:sub, so it trusts every pod`)
  if (audiences === undefined) return special(`it has no condition on ${hostPath}:aud`)
  return { kind: 'plain', statement, subjects, audiences }
}
