/** A token, as far as trust policies look at it. */
export interface ModelToken {
  readonly providerArn: string
  readonly hostPath: string
  readonly sub: string
  readonly aud: string
}

type Json = Record<string, unknown>

/**
 * Whether a trust policy lets a token's bearer take the role, by IAM's rules for what these tests write: a statement allows
 * where all its conditions hold, a condition holds where any of its values fits, and a Deny wins.
 */
export function isTrusted(policyText: string, token: ModelToken): boolean {
  const { Statement } = JSON.parse(policyText) as { readonly Statement: unknown }
  const fitting = (Array.isArray(Statement) ? Statement : [Statement]).filter((statement: Json) =>
    fits(statement, token),
  )
  return (
    fitting.some(({ Effect }: Json) => Effect === 'Allow') &&
    !fitting.some(({ Effect }: Json) => Effect === 'Deny')
  )
}

function fits(statement: Json, token: ModelToken): boolean {
  const federated = list((statement['Principal'] as Json | undefined)?.['Federated'])
  const actions = list(statement['Action']).map((action) => String(action).toLowerCase())
  const isAddressed =
    federated.includes(token.providerArn) && actions.includes('sts:assumerolewithwebidentity')
  const block = Object.entries((statement['Condition'] ?? {}) as Record<string, Json>)
  return (
    isAddressed &&
    block.every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => holds(operator, key, list(values).map(String), token)),
    )
  )
}

function holds(operator: string, key: string, values: readonly string[], token: ModelToken): boolean {
  const claims = new Map([
    [`${token.hostPath}:sub`.toLowerCase(), token.sub],
    [`${token.hostPath}:aud`.toLowerCase(), token.aud],
  ])
  const claim = claims.get(key.toLowerCase())
  if (claim === undefined) return false
  if (operator === 'StringEquals') return values.includes(claim)
  if (operator === 'StringNotEquals') return !values.includes(claim)
  return operator === 'StringLike' && values.some((pattern) => matchesPattern(pattern, claim))
}

/** `*` is any characters, `?` any one. */
export function matchesPattern(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}

function list(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}
