import { measureDistance } from '../../text/edit-distance.ts'
import { quoteText } from '../../text/quoted-text.ts'
import { type AccountAnnotations, NO_ANNOTATIONS } from './account.ts'
import type { Warning } from './warnings.ts'

/** The least that the API server issues a token for (TokenRequest validation in kubernetes/kubernetes). */
export const MIN_TOKEN_EXPIRATION_SECONDS = 600

/** The most that a pod may ask for: 2^32 (ValidateProjectedVolumeSource in kubernetes/kubernetes). */
export const MAX_TOKEN_EXPIRATION_SECONDS = 2 ** 32

/** Twice the longest role ARN. A value goes into each container, and the API server refuses pods over 1.5 MiB. */
export const MAX_VALUE_CHARACTERS = 4096

/** The nearest expiration, in seconds, that the API server takes. */
export function clampTokenExpiration(seconds: number): number {
  return Math.min(Math.max(seconds, MIN_TOKEN_EXPIRATION_SECONDS), MAX_TOKEN_EXPIRATION_SECONDS)
}

/** What the webhook's annotations are called behind their prefix and slash. */
export const ACCOUNT_ANNOTATIONS = [
  'role-arn',
  'audience',
  'sts-regional-endpoints',
  'token-expiration',
] as const
const POD_ANNOTATIONS = ['skip-containers', 'token-expiration'] as const

/** Those that mean something in one of the two places alone. */
const ACCOUNT_ONLY_ANNOTATIONS = ['role-arn', 'audience', 'sts-regional-endpoints'] as const
export const POD_ONLY_ANNOTATIONS = ['skip-containers'] as const

/** What other programs of this kind call the role; they look for it on pods, and nothing reads it on a ServiceAccount. */
export const FOREIGN_ANNOTATIONS = ['iam.amazonaws.com/role'] as const

type AnnotationName = (typeof ACCOUNT_ANNOTATIONS)[number] | (typeof POD_ANNOTATIONS)[number]

/** The key of an annotation: `eks.amazonaws.com/role-arn`. */
export function annotationKey(prefix: string, name: AnnotationName): string {
  return `${prefix}/${name}`
}

/** The keys of a ServiceAccount's annotations, in the order of {@link ACCOUNT_ANNOTATIONS}. */
export function listAccountAnnotationKeys(prefix: string): readonly string[] {
  return ACCOUNT_ANNOTATIONS.map((name) => annotationKey(prefix, name))
}

/** Annotations as the API server gives them. */
export type Annotations = Readonly<Record<string, string>>

/**
 * Reads a ServiceAccount's annotations; one of them that cannot be read keeps its default and adds a warning.
 *
 * `subject` names the ServiceAccount in warnings: `ServiceAccount shop/cart`. Without annotations of ours the answer is
 * always the same object, so that a store of many ServiceAccounts stays small.
 */
export function parseAccountAnnotations(
  annotations: Annotations | undefined,
  options: { readonly prefix: string; readonly subject: string },
): AccountAnnotations {
  if (annotations === undefined) return NO_ANNOTATIONS
  const warnings: Warning[] = [
    ...findMistypedPrefixes(annotations, ACCOUNT_ANNOTATIONS, options),
    ...findForeign(annotations, options),
    ...findMisplaced(annotations, POD_ONLY_ANNOTATIONS, options, 'the pod'),
  ]
  const subjectOf = (name: AnnotationName, value: string) =>
    `annotation ${options.prefix}/${name} ${quoteText(value)} of ${options.subject}`
  const values = ACCOUNT_ANNOTATIONS.map((name) => {
    const value = annotations[`${options.prefix}/${name}`]
    if (value === undefined || !isTooLong(value)) return value
    warnings.push({ code: 'value_too_long', subject: subjectOf(name, value) })
    return undefined
  })
  const [role, audience, regionalSts, tokenExpiration] = values
  if (warnings.length === 0 && values.every((value) => value === undefined)) return NO_ANNOTATIONS

  const isRegionalSts = regionalSts === undefined ? undefined : parseGoBoolean(regionalSts)
  if (regionalSts !== undefined && isRegionalSts === undefined) {
    warnings.push({ code: 'value_ignored', subject: subjectOf('sts-regional-endpoints', regionalSts) })
  }
  if (audience === '') warnings.push({ code: 'empty_audience', subject: subjectOf('audience', audience) })
  const expiration = readTokenExpiration(tokenExpiration, (value) => subjectOf('token-expiration', value))
  return {
    role: role ?? '',
    audience,
    isRegionalSts,
    tokenExpirationSeconds: expiration.seconds,
    warnings: [...warnings, ...expiration.warnings],
  }
}

/** What a pod's annotations ask for; `skipContainers` is still the text of the annotation. */
export interface PodAnnotations {
  readonly tokenExpirationSeconds: number | undefined
  readonly skipContainers: string | undefined
  readonly warnings: readonly Warning[]
}

/** Reads a pod's annotations as {@link parseAccountAnnotations} reads a ServiceAccount's. */
export function parsePodAnnotations(
  annotations: Annotations | undefined,
  options: { readonly prefix: string; readonly subject: string },
): PodAnnotations {
  if (annotations === undefined) {
    return { tokenExpirationSeconds: undefined, skipContainers: undefined, warnings: [] }
  }
  const expiration = readTokenExpiration(
    annotations[`${options.prefix}/token-expiration`],
    (value) => `annotation ${options.prefix}/token-expiration ${quoteText(value)} of ${options.subject}`,
  )
  return {
    tokenExpirationSeconds: expiration.seconds,
    skipContainers: annotations[`${options.prefix}/skip-containers`],
    warnings: [
      ...findMistypedPrefixes(annotations, POD_ANNOTATIONS, options),
      ...findMisplaced(annotations, ACCOUNT_ONLY_ANNOTATIONS, options, 'the ServiceAccount'),
      ...expiration.warnings,
    ],
  }
}

/** The warning about a role that is no ARN; `subject` names the ServiceAccount. */
export function warnOfRoleArn(role: string, subject: string): Warning {
  return { code: 'invalid_role_arn', subject: `role ${quoteText(role)} of ${subject}` }
}

/** The spellings of Go's strconv.ParseBool, which the Go webhook reads booleans with. */
export const GO_BOOLEANS = {
  true: ['1', 't', 'T', 'TRUE', 'true', 'True'],
  false: ['0', 'f', 'F', 'FALSE', 'false', 'False'],
} as const satisfies Record<string, readonly string[]>

/** Reads one of {@link GO_BOOLEANS}; `undefined` for any other text. */
export function parseGoBoolean(text: string): boolean | undefined {
  const isOneOf = (spellings: readonly string[]) => spellings.includes(text)
  if (isOneOf(GO_BOOLEANS.true)) return true
  if (isOneOf(GO_BOOLEANS.false)) return false
  return undefined
}

/**
 * Whole seconds as Go's strconv.ParseInt reads them: decimal digits with an optional sign, within 64 bits;
 * `undefined` for anything else.
 */
export function parseTokenExpiration(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const seconds = BigInt.asIntN(64, BigInt(text.replace(/^\+/, '')))
  return seconds === BigInt(text.replace(/^\+/, '')) ? Number(seconds) : undefined
}

function readTokenExpiration(
  text: string | undefined,
  subjectOf: (value: string) => string,
): { readonly seconds: number | undefined; readonly warnings: readonly Warning[] } {
  if (text === undefined) return { seconds: undefined, warnings: [] }
  const seconds = parseTokenExpiration(text)
  if (seconds === undefined) {
    return { seconds, warnings: [{ code: 'value_ignored', subject: subjectOf(text) }] }
  }
  if (seconds > MAX_TOKEN_EXPIRATION_SECONDS) {
    return {
      seconds: MAX_TOKEN_EXPIRATION_SECONDS,
      warnings: [{ code: 'value_lowered', subject: subjectOf(text) }],
    }
  }
  if (seconds >= MIN_TOKEN_EXPIRATION_SECONDS) return { seconds, warnings: [] }
  return {
    seconds: MIN_TOKEN_EXPIRATION_SECONDS,
    warnings: [{ code: 'value_raised', subject: subjectOf(text) }],
  }
}

function findMisplaced(
  annotations: Annotations,
  names: readonly AnnotationName[],
  options: { readonly prefix: string; readonly subject: string },
  place: string,
): Warning[] {
  return names
    .map((name) => `${options.prefix}/${name}`)
    .filter((key) => annotations[key] !== undefined)
    .map((key) => ({
      code: 'misplaced_annotation',
      subject: `annotation ${key} of ${options.subject} belongs on ${place} and`,
    }))
}

function findForeign(
  annotations: Annotations,
  options: { readonly prefix: string; readonly subject: string },
): Warning[] {
  return FOREIGN_ANNOTATIONS.filter((key) => annotations[key] !== undefined).map((key) => ({
    code: 'mistyped_prefix',
    subject: `annotation ${key} of ${options.subject} (it is ${options.prefix}/role-arn)`,
  }))
}

/** By characters, of which JavaScript counts some twice. */
function isTooLong(value: string): boolean {
  return value.length > MAX_VALUE_CHARACTERS && [...value].length > MAX_VALUE_CHARACTERS
}

/** How far a prefix may be from ours to count as mistyped: `eks.amazon.com` is three letters away. */
export const MAX_PREFIX_DISTANCE = 3

function findMistypedPrefixes(
  annotations: Annotations,
  names: readonly string[],
  options: { readonly prefix: string; readonly subject: string },
): Warning[] {
  const warnings: Warning[] = []
  for (const key of Object.keys(annotations)) {
    const slash = key.indexOf('/')
    if (slash < 0 || !names.includes(key.slice(slash + 1))) continue
    const prefix = key.slice(0, slash)
    if (prefix === options.prefix || !isNear(prefix, options.prefix)) continue
    warnings.push({
      code: 'mistyped_prefix',
      subject: `annotation ${key} of ${options.subject} (the prefix is ${options.prefix})`,
    })
  }
  return warnings
}

function isNear(left: string, right: string): boolean {
  // Most prefixes are ruled out by their length, which costs nothing.
  return (
    Math.abs(left.length - right.length) <= MAX_PREFIX_DISTANCE &&
    measureDistance(left, right) <= MAX_PREFIX_DISTANCE
  )
}
