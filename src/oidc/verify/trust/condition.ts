import { quoteText } from '../../../text/quoted-text.ts'
import { explainValues, nameMisspelling } from './misspelling.ts'
import { no, type Reading, unknown, YES } from './reading.ts'
import { matchesPattern } from './text-pattern.ts'
import type { TokenClaims } from './token-claims.ts'

/** One comparison of a Condition: any of `values` will do. */
export interface Comparison {
  readonly operator: string
  readonly key: string
  readonly values: readonly string[]
}

interface Operator {
  readonly isNegated: boolean
  matches(value: string, claim: string): boolean
}

const equals = (value: string, claim: string) => value === claim
const equalsIgnoreCase = (value: string, claim: string) => value.toLowerCase() === claim.toLowerCase()

/** What is known here of IAM's operators; the claims are texts, and other kinds of them are left open. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: { isNegated: false, matches: equals },
  StringNotEquals: { isNegated: true, matches: equals },
  StringEqualsIgnoreCase: { isNegated: false, matches: equalsIgnoreCase },
  StringNotEqualsIgnoreCase: { isNegated: true, matches: equalsIgnoreCase },
  StringLike: { isNegated: false, matches: matchesPattern },
  StringNotLike: { isNegated: true, matches: matchesPattern },
}

/** Whether a comparison holds for a token. */
export function readComparison(comparison: Comparison, claims: TokenClaims): Reading {
  const { operator, key, values } = comparison
  const cannotTell = unknown(`${operator} of ${quoteText(key)}`)
  const found = findClaim(key, claims)
  if (found.kind === 'unknown' || values.some((value) => value.includes('${'))) return cannotTell
  const base = operator.replace(/IfExists$/, '')
  if (base === 'Null') return readNull(comparison, found, claims)
  const known = Object.hasOwn(OPERATORS, base) ? OPERATORS[base] : undefined
  if (known === undefined) return cannotTell
  if (found.kind === 'absent') {
    return known.isNegated || base !== operator ? YES : explainForeignKey(key, found.claim, claims)
  }
  const { claim, value: wanted } = found
  const isMatched = values.some((value) => known.matches(value, wanted))
  if (isMatched !== known.isNegated) return YES
  if (!known.isNegated) return { truth: 'no', flaws: [explainValues(claim, values, { operator, wanted })] }
  return no(`${operator} excludes the ${claim} ${quoteText(wanted)}`, `take it out of ${operator}`)
}

type FoundClaim =
  | { readonly kind: 'present'; readonly claim: 'sub' | 'aud'; readonly value: string }
  /** A key that this issuer's tokens never have. */
  | { readonly kind: 'absent'; readonly claim: string }
  | { readonly kind: 'unknown' }

/** Names of keys are read without regard to case (IAM user guide, "Condition keys"). */
function findClaim(key: string, { hostPath, subject, audience }: TokenClaims): FoundClaim {
  const [, issuer = '', claim = ''] = /^(.*):([^:]*)$/s.exec(key.toLowerCase()) ?? []
  const isOurs = issuer === hostPath.toLowerCase()
  if (isOurs && claim === 'sub') return { kind: 'present', claim, value: subject }
  if (isOurs && claim === 'aud') return { kind: 'present', claim, value: audience }
  if (isOurs) return /^(?:subject|audience)$/.test(claim) ? { kind: 'absent', claim } : { kind: 'unknown' }
  // Keys of AWS itself, such as saml:sub, begin with a word; hosts have dots, and guides write $ISSUER_HOSTPATH:sub.
  const isOtherIssuer = /[./$_]/.test(issuer) && /^(?:sub|aud)$/.test(claim)
  return isOtherIssuer ? { kind: 'absent', claim } : { kind: 'unknown' }
}

function explainForeignKey(key: string, claim: string, { hostPath }: TokenClaims): Reading {
  const issuer = key.slice(0, -claim.length - 1)
  const wanted = `${hostPath}:${claim.slice(0, 3)}`
  const misspelling = nameMisspelling(issuer, hostPath)
  const flaw =
    claim.length > 3
      ? `names the claim ${claim.slice(0, 3)} wrongly`
      : (misspelling ?? 'is of another issuer')
  return no(`the key ${quoteText(key)} ${flaw}: no token has it`, `write ${quoteText(wanted)}`)
}

function readNull({ values, key }: Comparison, found: FoundClaim, claims: TokenClaims): Reading {
  if (!values.every((value) => /^(?:true|false)$/i.test(value))) return unknown(`Null of ${quoteText(key)}`)
  const isAbsent = found.kind === 'absent'
  if (values.some((value) => (value.toLowerCase() === 'true') === isAbsent)) return YES
  if (found.kind === 'absent') return explainForeignKey(key, found.claim, claims)
  return no(`Null wants no ${quoteText(key)}, and every token has it`, 'take it out of Null')
}
