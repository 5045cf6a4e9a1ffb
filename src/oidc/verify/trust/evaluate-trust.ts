import { findRefusals } from '../../../iam/policy-refusals.ts'
import { isObject, type JsonObject, parseTrustPolicy, readTexts } from '../../../iam/trust-policy.ts'
import { quoteTexts } from '../../../text/quoted-text.ts'
import { type Flaw, joinFlaws } from '../check.ts'
import { type Comparison, readComparison } from './condition.ts'
import { explainProvider } from './misspelling.ts'
import { no, type Reading, readAll, unknown, YES } from './reading.ts'
import { matchesPattern } from './text-pattern.ts'
import type { TokenClaims } from './token-claims.ts'

/** What a trust policy says to a token. */
export type TrustVerdict =
  | { readonly kind: 'accepts' }
  | { readonly kind: 'refuses'; readonly flaw: Flaw }
  /** It depends on what is not known here. */
  | { readonly kind: 'unclear'; readonly doubts: readonly string[] }

const ACTION = 'sts:AssumeRoleWithWebIdentity'

/**
 * Decides as IAM would: some statement must allow, none may deny. `policyText` is JSON, and anything in it. The same
 * arguments give the same verdict: nothing else is looked at.
 */
export function evaluateTrust(policyText: string, claims: TokenClaims): TrustVerdict {
  const policy = parse(policyText)
  if (policy instanceof Error)
    return refuse(policy.message, 'write it with `pod-identity-webhook role trust-policy`')
  const refusals = findRefusals(policy)
  if (refusals.length > 0) return refuse(`IAM refuses this policy: ${refusals.join('; ')}`, 'take that out')
  const readings = policy.statements.map(({ value }, index) => ({
    effect: value['Effect'],
    place: `statement ${index + 1}`,
    isForWebIdentity: isForWebIdentity(value),
    reading: readStatement(value, claims),
  }))
  const denies = readings.filter(({ effect }) => effect === 'Deny')
  const denying = denies.find(({ reading }) => reading.truth === 'yes')
  if (denying !== undefined)
    return refuse(`${denying.place} denies it`, `narrow or remove ${denying.place}, whose Effect is Deny`)
  const allows = readings.filter(({ effect }) => effect === 'Allow')
  const isAllowed = allows.some(({ reading }) => reading.truth === 'yes')
  const open = [...denies, ...(isAllowed ? [] : allows)].flatMap(({ place, reading }) =>
    reading.truth === 'unknown' ? [`${place} depends on ${reading.doubts.join(' and ')}`] : [],
  )
  if (isAllowed) return open.length === 0 ? { kind: 'accepts' } : { kind: 'unclear', doubts: open }
  if (allows.some(({ reading }) => reading.truth === 'unknown')) return { kind: 'unclear', doubts: open }
  return { kind: 'refuses', flaw: explainNearest(allows.filter((each) => each.isForWebIdentity)) }
}

/** The statement that lacks least is most likely the one that was meant. */
function explainNearest(statements: readonly { readonly place: string; readonly reading: Reading }[]): Flaw {
  const candidates = statements
    .map(({ place, reading }) => ({ place, flaws: reading.truth === 'no' ? reading.flaws : [] }))
    .sort((one, other) => one.flaws.length - other.flaws.length)
  const [nearest] = candidates
  if (nearest === undefined)
    return {
      message: `no statement allows ${ACTION} to a provider`,
      hint: 'add one with `pod-identity-webhook role ensure`',
    }
  const { message, hint } = joinFlaws(nearest.flaws)
  return { message: `${nearest.place}: ${message}`, hint }
}

function readStatement(statement: JsonObject, claims: TokenClaims): Reading {
  return readAll([
    readPrincipal(statement, claims),
    readAction(statement['Action']),
    ...listComparisons(statement['Condition']).map((comparison) => readComparison(comparison, claims)),
  ])
}

function readPrincipal(
  { Principal: principal, NotPrincipal: excluded }: JsonObject,
  claims: TokenClaims,
): Reading {
  if (excluded !== undefined || !isObject(principal))
    return unknown(excluded === undefined ? 'a Principal that is no object' : 'NotPrincipal')
  const { Federated: federated, ...others } = principal
  const providers = readTexts(federated) ?? []
  if (providers.includes(claims.providerArn)) return YES
  if (providers.some((provider) => provider.includes('*'))) return unknown('a wildcard in Federated')
  const misplaced = Object.entries(others).find(([, value]) => readTexts(value)?.includes(claims.providerArn))
  if (misplaced !== undefined)
    return no(`the provider stands under ${misplaced[0]}`, 'put it under Federated in Principal')
  if (readTexts(others['AWS'])?.includes('*')) return unknown('Principal AWS *')
  const [flaw] = providers.map((provider) => explainProvider(provider, claims)).sort(byLength)
  return flaw === undefined
    ? no('Principal has no Federated provider', `make it {"Federated": "${claims.providerArn}"}`)
    : { truth: 'no', flaws: [flaw] }
}

/** The provider that differs least has the shortest flaw. */
function byLength(one: Flaw, other: Flaw): number {
  return one.message.length - other.message.length
}

function readAction(value: unknown): Reading {
  const actions = readTexts(value) ?? []
  const isAllowed = actions.some((action) => matchesPattern(action.toLowerCase(), ACTION.toLowerCase()))
  return isAllowed ? YES : no(`Action is ${quoteTexts(actions)}, not ${ACTION}`, `make Action ${ACTION}`)
}

/** Of a statement that IAM takes: an object of operators, each an object of keys. */
function listComparisons(block: unknown): readonly Comparison[] {
  return Object.entries(isObject(block) ? block : {}).flatMap(([operator, keys]) =>
    Object.entries(isObject(keys) ? keys : {}).map(([key, value]) => ({
      operator,
      key,
      values: [value].flat().map(toText),
    })),
  )
}

/** A JSON value as text. Not by its own `toString`, which a policy may have for a member. */
function toText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Whether the statement is about web identities at all, be it wrongly: others say nothing of a ServiceAccount. */
function isForWebIdentity({ Principal: principal, Action: action }: JsonObject): boolean {
  const principals = isObject(principal) ? Object.values(principal).flat().map(toText) : []
  return (
    (isObject(principal) && principal['Federated'] !== undefined) ||
    principals.some((name) => name.includes(':oidc-provider/')) ||
    readAction(action).truth === 'yes'
  )
}

function parse(policyText: string) {
  try {
    return parseTrustPolicy(policyText)
  } catch (error) {
    return error as Error
  }
}

function refuse(message: string, hint: string): TrustVerdict {
  return { kind: 'refuses', flaw: { message, hint } }
}
