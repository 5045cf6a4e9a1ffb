import { quoteCel } from '../annotation-policy/cel-text.ts'

/** Values that stand for an expression of CEL wherever they come up in what is written. */
export type Holes = ReadonlyMap<unknown, string>

const NO_HOLES: Holes = new Map()

/**
 * Writes a JSON value as a literal of CEL (the Common Expression Language, as Kubernetes admission policies have it).
 *
 * An object whose values are not all text is typed as a map to anything: CEL takes literals of one type only.
 */
export function toCel(value: unknown, holes: Holes = NO_HOLES): string {
  const hole = holes.get(value)
  if (hole !== undefined) return hole
  if (typeof value === 'string') return quoteCel(value)
  if (Array.isArray(value)) return `[${value.map((item) => toCel(item, holes)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const isText = Object.values(value).every((member) => typeof member === 'string')
  const members = Object.entries(value).map(([key, member]) => {
    const text = toCel(member, holes)
    return `${quoteCel(key)}: ${isText ? text : `dyn(${text})`}`
  })
  return `{${members.join(', ')}}`
}

/** A member of an object by its name, or `fallback` where there is none: `orValue` as CEL writes it. */
export function memberOr(object: string, name: string, fallback: string): string {
  return `${object}[?${toCel(name)}].orValue(${fallback})`
}

/** Whether one of a list of texts is among `names`. */
export function hasAny(list: string, names: readonly string[]): string {
  return `${list}.exists(n, n in ${toCel(names)})`
}

/** An operation of a JSON Patch that adds; path and value are expressions. */
export function addition(path: string, value: string): string {
  return `JSONPatch{op: 'add', path: ${path}, value: ${value}}`
}
