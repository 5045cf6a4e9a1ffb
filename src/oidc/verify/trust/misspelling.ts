import { hasWildcard } from '../../../iam/trust-request.ts'
import { quoteText, quoteTexts } from '../../../text/quoted-text.ts'
import type { Flaw } from '../check.ts'
import { matchesPattern } from './text-pattern.ts'
import type { TokenClaims } from './token-claims.ts'

/** How people misspell a text that must be equal to another one, in words that complete "it …". */
type Misspelling = readonly [isMeant: (found: string, wanted: string) => boolean, flaw: string]

const COMMON: readonly Misspelling[] = [
  [(found, wanted) => found.trim() === wanted, 'has white space around it'],
  [
    (found, wanted) => found.replace(/\/+$/, '') === wanted.replace(/\/+$/, ''),
    'differs by a slash at the end',
  ],
  [(found, wanted) => found.replace(/^https?:\/\//, '') === wanted, 'has https:// in front'],
  [
    (found, wanted) => found.replace(/^https?:\/\//, '').replace(/\/+$/, '') === wanted.replace(/\/+$/, ''),
    'has https:// in front and differs by a slash at the end',
  ],
  [(found, wanted) => found.toLowerCase() === wanted.toLowerCase(), 'differs by capitals'],
]

const SUBJECTS: readonly Misspelling[] = [
  [(found, wanted) => found === swapNames(wanted), 'has namespace and name in the wrong order'],
  [
    (found) => found.startsWith('system:serviceaccounts:'),
    'begins with system:serviceaccounts:, which names a group, not system:serviceaccount:',
  ],
  [
    (found, wanted) => lastTwoParts(found) === lastTwoParts(wanted),
    'is not written system:serviceaccount:NAMESPACE:NAME',
  ],
]

/** What is wrong with how the text is written; `undefined` where it is just another one. */
export function nameMisspelling(
  found: string,
  wanted: string,
  more: readonly Misspelling[] = [],
): string | undefined {
  return [...COMMON, ...more].find(([isMeant]) => isMeant(found, wanted))?.[1]
}

/** Says why none of the values that an operator compares with is the claim's. */
export function explainValues(
  claim: 'sub' | 'aud',
  values: readonly string[],
  { operator, wanted }: { readonly operator: string; readonly wanted: string },
): Flaw {
  const isLiteral = !/like/i.test(operator)
  const pattern = values.find((value) => isLiteral && hasWildcard(value) && matchesPattern(value, wanted))
  if (pattern !== undefined)
    return {
      message: `${operator} takes ${quoteText(pattern)} literally`,
      hint: 'use StringLike, which knows * and ?',
    }
  for (const value of values) {
    const misspelling = nameMisspelling(value, wanted, claim === 'sub' ? SUBJECTS : [])
    if (misspelling !== undefined)
      return {
        message: `the ${claim} ${quoteText(value)} ${misspelling}`,
        hint: `write ${quoteText(wanted)}`,
      }
  }
  const hint =
    claim === 'sub'
      ? 'add it with `pod-identity-webhook role ensure`, or use a ServiceAccount that is listed'
      : "make the policy's aud, the provider's audience and the pods' audience the same"
  const allowed = values.length === 0 ? 'one of an empty list' : quoteTexts(values)
  return { message: `its ${claim} must be ${allowed}, and is ${quoteText(wanted)}`, hint }
}

/** Says what is wrong with a provider that is not the issuer's. */
export function explainProvider(found: string, { providerArn, hostPath }: TokenClaims): Flaw {
  const hint = `make Federated ${quoteText(providerArn)}`
  const [, partition, account, foundPath] = PROVIDER_ARN.exec(found) ?? []
  const [, wantedPartition, wantedAccount] = PROVIDER_ARN.exec(providerArn) ?? []
  const told = `Federated is ${quoteText(found)}`
  if (foundPath === undefined) {
    const isHostPath = found.replace(/^https?:\/\//, '').replace(/\/+$/, '') === hostPath.replace(/\/+$/, '')
    const flaw = isHostPath ? ', the issuer and not the ARN of its provider' : ', which is another provider'
    return { message: `${told}${flaw}`, hint }
  }
  const flaws = [
    ...(partition === wantedPartition ? [] : [`its partition is ${quoteText(partition ?? '')}`]),
    ...(account === wantedAccount ? [] : [`its account is ${quoteText(account ?? '')}`]),
    ...(foundPath === hostPath
      ? []
      : [`its issuer ${nameMisspelling(foundPath, hostPath) ?? 'is another one'}`]),
  ]
  return { message: `${told}: ${flaws.join(', ')}`, hint }
}

const PROVIDER_ARN = /^arn:([^:]*):iam::([^:]*):oidc-provider\/(.*)$/

function swapNames(subject: string): string {
  const [system = '', kind = '', namespace = '', name = ''] = subject.split(':')
  return [system, kind, name, namespace].join(':')
}

/** `NAMESPACE:NAME`, also where a slash stands between them. */
function lastTwoParts(subject: string): string {
  return subject.split(/[:/]/).slice(-2).join(':')
}
