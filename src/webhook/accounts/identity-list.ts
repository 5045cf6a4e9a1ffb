import { ConfigTextError, nameType, parseConfigObject } from './config-text.ts'

/** The ServiceAccounts that use container credentials: keys `namespace/serviceaccount`. */
export type IdentityList = ReadonlySet<string>

/** Where nobody is listed. */
export const NO_IDENTITIES: IdentityList = new Set()

/**
 * Reads `{"identities":[{"namespace":"…","serviceAccount":"…"}]}`; empty text and `null` list nobody.
 *
 * A bad entry is left out and named in `problems`, a line each.
 * @throws {ConfigTextError} where nothing of the text can be used
 */
export function parseIdentityList(text: string): {
  readonly content: IdentityList
  readonly problems: readonly string[]
} {
  const list = parseConfigObject(text, 'a JSON object with a list "identities"')['identities'] ?? []
  if (!Array.isArray(list))
    throw new ConfigTextError(`has "identities" that are ${nameType(list)}, not a list`)
  const keys = new Set<string>()
  const problems: string[] = []
  for (const [index, entry] of list.entries()) {
    const { namespace, serviceAccount } = (entry ?? {}) as { namespace?: unknown; serviceAccount?: unknown }
    if (isName(namespace) && isName(serviceAccount)) keys.add(`${namespace}/${serviceAccount}`)
    else
      problems.push(`identities[${index}] is not an object with the texts "namespace" and "serviceAccount"`)
  }
  return { content: keys, problems }
}

/** A ConfigMap that holds the list, but for its name and namespace; the key is that of EKS's own configuration. */
export const IDENTITIES = {
  source: 'container_credentials',
  key: 'config.json',
  nothing: NO_IDENTITIES,
  parse: parseIdentityList,
} as const

/** A slash is in no name, and would make one key of two. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('/')
}
