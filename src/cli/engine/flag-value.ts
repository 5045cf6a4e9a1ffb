import { quoteText } from '../../text/quoted-text.ts'
import { isFileContent } from '../../text/secret-text.ts'
import { LONGEST_TIMER_MS, parseDurationMs } from './duration.ts'
import type { FlagDefinition } from './flag-table.ts'
import { UsageError } from './usage-error.ts'

type Value = string | number | boolean | readonly string[] | undefined

const DAY_MS = 24 * 3_600_000

/** The spellings of Go's strconv.ParseBool. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
])

/** A number with leading zeros is refused: Go reads it as octal. */
const INTEGER = /^[+-]?(?:0|[1-9]\d*)$/

/** Reads a boolean as Go does; `undefined` where it cannot be read. */
export function parseBoolean(text: string): boolean | undefined {
  return BOOLEANS.get(text)
}

/**
 * Turns the texts that a flag was given into its value: all of them for a list, else the last; without any, the default.
 *
 * `origin` is where they come from, `--port` or a variable's name. Throws a UsageError on a text that is not allowed.
 */
export function parseFlag(definition: FlagDefinition, texts: readonly string[], origin: string): Value {
  for (const text of texts) refuseContent(definition.placeholder, text, origin)
  if (definition.kind === 'list') return texts.flatMap((text) => splitItems(definition, text))
  const values = texts.map((text) => parseText(definition, text, origin))
  return values.at(-1) ?? defaultOf(definition)
}

/** Values that are names of files, by how they are shown in `--help`. */
const PATH_PLACEHOLDER = /^(?:FILE|PATH|DIR)(?:\||$)/

/** Throws a UsageError where a file's content, which may be a key, is given in place of its name. */
export function refuseContent(placeholder: string | undefined, text: string, origin: string): void {
  if (PATH_PLACEHOLDER.test(placeholder ?? '') && isFileContent(text))
    throw new UsageError(`${origin} is ${quoteText(text)}; give a file’s name, not its content`)
}

function splitItems(definition: { readonly isCommaSeparated: boolean }, text: string): string[] {
  const items = definition.isCommaSeparated ? text.split(',').map((item) => item.trim()) : [text]
  return items.filter((item) => item !== '')
}

/** The value of a flag that is not given. */
function defaultOf(definition: FlagDefinition): Value {
  switch (definition.kind) {
    case 'list':
      return []
    case 'boolean':
      return definition.default ?? false
    case 'duration':
      return definition.default === undefined
        ? undefined
        : parseDurationMs(definition.default, definition.maxMs)
    default:
      return definition.default
  }
}

function parseText(definition: FlagDefinition, text: string, origin: string): Value {
  if (text === '' && hasEmptyMeaning(definition)) return undefined
  const value = readText(definition, text)
  if (value !== undefined) return value
  throw new UsageError(`${origin} is ${quoteText(text)}; it takes ${describeAllowed(definition)}`)
}

/** Charts pass `--flag=` for what nobody set: empty then means not given, where it cannot be a value. */
function hasEmptyMeaning(definition: FlagDefinition): boolean {
  return definition.kind === 'enum' || (definition.kind === 'string' && definition.default === undefined)
}

function readText(definition: FlagDefinition, text: string): Value {
  switch (definition.kind) {
    case 'string':
      return definition.accepts === undefined || definition.accepts.pattern.test(text) ? text : undefined
    case 'integer': {
      const number = INTEGER.test(text) ? Number(text) : Number.NaN
      const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = definition
      return number >= min && number <= max ? number : undefined
    }
    case 'boolean':
      return parseBoolean(text)
    case 'duration':
      return parseDurationMs(text, definition.maxMs)
    case 'enum': {
      const value = definition.aliases?.[text] ?? text
      return definition.values.find((candidate) => candidate === value)
    }
    case 'list':
      return [text]
  }
}

/** Completes "it takes …" for a flag. */
export function describeAllowed(definition: FlagDefinition): string {
  switch (definition.kind) {
    case 'string':
      return definition.accepts?.description ?? 'a text'
    case 'integer':
      return `a whole number${describeRange(definition)}`
    case 'boolean':
      return 'true or false'
    case 'duration':
      return `a duration such as 100ms, 1s or 1h30m, of ${(definition.maxMs ?? LONGEST_TIMER_MS) / DAY_MS} days at most`
    case 'enum':
      return new Intl.ListFormat('en-GB', { type: 'disjunction' }).format([
        ...definition.values,
        ...Object.keys(definition.aliases ?? {}),
      ])
    case 'list':
      return definition.isCommaSeparated ? 'a comma-separated list' : 'a text'
  }
}

function describeRange({ min, max }: { readonly min?: number; readonly max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  if (min !== undefined) return ` of at least ${min}`
  return max === undefined ? '' : ` of at most ${max}`
}
