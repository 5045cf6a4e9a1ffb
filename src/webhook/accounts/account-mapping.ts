import { quoteText } from '../../text/quoted-text.ts'
import type { AccountMapping } from '../identity/account.ts'
import { clampTokenExpiration, MAX_VALUE_CHARACTERS } from '../identity/annotations.ts'
import { nameType, parseConfigObject } from './config-text.ts'

/** Name of the ConfigMap that holds the mappings; fixed, as in the Go webhook. */
export const MAPPINGS_NAME = 'pod-identity-webhook'

/** The key in its data. */
export const MAPPINGS_KEY = 'config'

interface GlobMapping {
  readonly pattern: string
  readonly mapping: AccountMapping
}

/**
 * The ConfigMap's entries, looked up by ServiceAccount.
 *
 * Keys are `namespace/serviceaccount`, with `*` standing for any run of characters in the namespace.
 */
export class AccountMappings implements Iterable<readonly [string, AccountMapping]> {
  readonly #byKey: ReadonlyMap<string, AccountMapping>
  readonly #globsByName: ReadonlyMap<string, readonly GlobMapping[]>

  constructor(byKey: ReadonlyMap<string, AccountMapping>) {
    this.#byKey = byKey
    this.#globsByName = groupGlobs(byKey)
  }

  /** The entry that applies: the exact one, else that of the longest glob; of two as long, the first in byte order. */
  find(namespace: string, name: string): AccountMapping | undefined {
    const exact = this.#byKey.get(`${namespace}/${name}`)
    if (exact !== undefined) return exact
    return this.#globsByName.get(name)?.find(({ pattern }) => matchesGlob(namespace, pattern))?.mapping
  }

  /** The entries in the order in which they count: exact keys, then globs, the longest first. */
  byPrecedence(): readonly {
    readonly namespace: string
    readonly name: string
    readonly mapping: AccountMapping
  }[] {
    const entries = [...this.#byKey].map(([key, mapping]) => {
      const [namespace = '', name = ''] = key.split('/')
      return { namespace, name, pattern: namespace, mapping }
    })
    const [globs, exact] = [entries.filter(isGlob), entries.filter((entry) => !isGlob(entry))]
    return [...exact, ...globs.sort(comparePrecedence)]
  }

  /** How many entries there are. */
  get size(): number {
    return this.#byKey.size
  }

  /** The entries by their keys, in the order in which they were written. */
  [Symbol.iterator](): IterableIterator<readonly [string, AccountMapping]> {
    return this.#byKey[Symbol.iterator]()
  }
}

/** What applies where there is no ConfigMap. */
export const NO_MAPPINGS = new AccountMappings(new Map())

/**
 * Reads the `config` of the ConfigMap: a JSON object from `namespace/serviceaccount` to
 * `{RoleARN, Audience, UseRegionalSTS, TokenExpiration}`. Empty text and `null` are no entries.
 *
 * A bad entry is left out and named in `problems`, a line each.
 * @throws {ConfigTextError} where the text is not a JSON object
 */
export function parseAccountMappings(text: string): {
  readonly content: AccountMappings
  readonly problems: readonly string[]
} {
  const byKey = new Map<string, AccountMapping>()
  const problems: string[] = []
  const object = parseConfigObject(text, 'a JSON object from namespace/serviceaccount to a mapping')
  for (const [key, value] of Object.entries(object)) {
    const problem = findKeyProblem(key)
    const parsed = problem === undefined ? parseMapping(value) : problem
    if (typeof parsed === 'string') problems.push(`${quoteText(key)} ${parsed}`)
    else byKey.set(key, parsed)
  }
  return { content: byKey.size === 0 ? NO_MAPPINGS : new AccountMappings(byKey), problems }
}

/** The ConfigMap, but for its namespace. */
export const MAPPINGS = {
  source: 'config_map',
  name: MAPPINGS_NAME,
  key: MAPPINGS_KEY,
  nothing: NO_MAPPINGS,
  parse: parseAccountMappings,
} as const

function findKeyProblem(key: string): string | undefined {
  const [namespace = '', name = '', ...rest] = key.split('/')
  if (namespace === '' || name === '' || rest.length > 0) return 'is not of the form namespace/serviceaccount'
  if (name.includes('*'))
    return 'has a * in the name of the ServiceAccount; it may stand in the namespace only'
  return undefined
}

/** The mapping, or what is wrong with it, to follow its key in a sentence. */
function parseMapping(value: unknown): AccountMapping | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `is ${nameType(value)}, not an object with RoleARN`
  // Go's encoding/json, by which users' files came to work, takes a member's name in any case, and the last of two.
  const members = new Map(
    Object.entries(value).map(([name, member]) => [name.toLowerCase(), member as unknown]),
  )
  const role = members.get('rolearn') ?? ''
  if (typeof role !== 'string') return `has a RoleARN that is ${nameType(role)}, not a string`
  const audience = members.get('audience') ?? ''
  if (typeof audience !== 'string') return `has an Audience that is ${nameType(audience)}, not a string`
  const long = [role, audience].find((text) => text.length > MAX_VALUE_CHARACTERS)
  if (long !== undefined)
    return `has a text of ${long.length} characters; ${MAX_VALUE_CHARACTERS} are the most`
  const isRegionalSts = members.get('useregionalsts') ?? undefined
  if (isRegionalSts !== undefined && typeof isRegionalSts !== 'boolean')
    return `has a UseRegionalSTS that is ${nameType(isRegionalSts)}, not true or false`
  const expiration = members.get('tokenexpiration') ?? 0
  if (typeof expiration !== 'number' || !Number.isSafeInteger(expiration))
    return `has a TokenExpiration that is ${nameType(expiration)}, not a whole number of seconds`
  return {
    role,
    audience: audience === '' ? undefined : audience,
    isRegionalSts,
    tokenExpirationSeconds: expiration === 0 ? undefined : clampTokenExpiration(expiration),
  }
}

function groupGlobs(byKey: ReadonlyMap<string, AccountMapping>): ReadonlyMap<string, readonly GlobMapping[]> {
  const globsByName = new Map<string, GlobMapping[]>()
  for (const [key, mapping] of byKey) {
    const [pattern = '', name = ''] = key.split('/')
    if (!isGlob({ pattern })) continue
    const globs = globsByName.get(name)
    if (globs === undefined) globsByName.set(name, [{ pattern, mapping }])
    else globs.push({ pattern, mapping })
  }
  for (const globs of globsByName.values()) globs.sort(comparePrecedence)
  return globsByName
}

function isGlob({ pattern }: { readonly pattern: string }): boolean {
  return pattern.includes('*')
}

function comparePrecedence(a: Pick<GlobMapping, 'pattern'>, b: Pick<GlobMapping, 'pattern'>): number {
  return b.pattern.length - a.pattern.length || (a.pattern < b.pattern ? -1 : 1)
}

/** Matches piece by piece, leftmost first, which is linear: a regular expression of many `.*` backtracks. */
function matchesGlob(text: string, pattern: string): boolean {
  const pieces = pattern.split('*')
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false
  const end = text.length - last.length
  let position = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, position)
    if (found === -1 || found + piece.length > end) return false
    position = found + piece.length
  }
  return true
}
