import { toCel } from './cel.ts'

/** What JavaScript counts as white space, as a class of RE2: `parseSkipContainers` trims by it. */
const SPACE = String.raw`[\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]*`

const QUOTED = '"(?:[^"]|"")*"'
const FIELD = `${SPACE}(?:${QUOTED}|[^",\\r\\n]*)${SPACE}`

/** One record: it ends with the first line break outside quotes, and empty lines before it do not count. */
const RECORD = String.raw`^[\r\n]*(?:[^"\r\n]|"[^"]*(?:"|$))*`

/** Names as containers can have them; any other name skips nothing. */
const NAME = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?'

const IS_RECORD = toCel(`^${FIELD}(?:,${FIELD})*$`)

/** Whether the quotes in a `skip-containers` annotation match. `text` is an expression. */
export function isSkipListReadable(text: string): string {
  return `${text}.find(${toCel(RECORD)}).matches(${IS_RECORD})`
}

/**
 * The names in a `skip-containers` annotation, as {@link parseSkipContainers} reads them: a list, empty where quotes do
 * not match. `text` is an expression.
 */
export function readSkippedNames(text: string): string {
  const nextField = toCel(`${FIELD}(?:,|$)`)
  const isName = toCel(`^${SPACE}(?:${NAME}|"${SPACE}${NAME}${SPACE}")${SPACE},?$`)
  return [
    `[${text}.find(${toCel(RECORD)})].map(record, !record.matches(${IS_RECORD}) ? [] :`,
    `  record.findAll(${nextField}).filter(f, f.matches(${isName})).map(f, f.find(${toCel(NAME)})))[0]`,
  ].join('\n')
}
