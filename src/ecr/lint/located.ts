import type { Report } from './report.ts'

/** A value of a file and the line that it begins on, from 1. */
export type Located =
  | { readonly kind: 'text'; readonly line: number; readonly text: string; readonly firstContentLine: number }
  | { readonly kind: 'boolean'; readonly line: number; readonly isTrue: boolean }
  | { readonly kind: 'number'; readonly line: number; readonly source: string }
  | { readonly kind: 'null'; readonly line: number }
  | { readonly kind: 'list'; readonly line: number; readonly items: readonly Located[] }
  | LocatedObject

/** An object; each of its fields has the line of its name. */
export interface LocatedObject {
  readonly kind: 'object'
  readonly line: number
  readonly fields: ReadonlyMap<string, { readonly line: number; readonly value: Located }>
}

const KIND_NAMES: Readonly<Record<Located['kind'], string>> = {
  text: 'a text',
  boolean: 'true or false',
  number: 'a number',
  null: 'nothing',
  list: 'a list',
  object: 'an object',
}

/** The value of a field where it is of the kind; `null` counts as absent, anything else is reported. */
export function readField<K extends Located['kind']>(
  object: LocatedObject,
  name: string,
  kind: K,
  report: Report,
): Extract<Located, { kind: K }> | undefined {
  const value = object.fields.get(name)?.value
  if (value === undefined || value.kind === 'null') return undefined
  return checkKind(value, kind, name, report)
}

/** The texts of a list of texts; what is none is reported. */
export function readTexts(object: LocatedObject, name: string, report: Report) {
  const items = readField(object, name, 'list', report)?.items ?? []
  return items.flatMap((item) =>
    item.kind === 'null'
      ? [{ kind: 'text' as const, line: item.line, text: '', firstContentLine: item.line }]
      : (checkKind(item, 'text', `an item of ${name}`, report) ?? []),
  )
}

/** The objects of a list of objects; what is none is reported, and nothing is an empty object, as in Go. */
export function readObjects(object: LocatedObject, name: string, report: Report): readonly LocatedObject[] {
  const items = readField(object, name, 'list', report)?.items ?? []
  return items.flatMap((item): LocatedObject | readonly LocatedObject[] =>
    item.kind === 'null'
      ? { kind: 'object', line: item.line, fields: new Map() }
      : (checkKind(item, 'object', `an item of ${name}`, report) ?? []),
  )
}

function checkKind<K extends Located['kind']>(
  value: Located,
  kind: K,
  name: string,
  report: Report,
): Extract<Located, { kind: K }> | undefined {
  if (value.kind === kind) return value as Extract<Located, { kind: K }>
  const isUnquoted = kind === 'text' && (value.kind === 'number' || value.kind === 'boolean')
  const source = value.kind === 'number' ? value.source : value.kind === 'boolean' ? String(value.isTrue) : ''
  report.refuse(
    value.line,
    `${name} is ${KIND_NAMES[value.kind]}, not ${KIND_NAMES[kind]}`,
    isUnquoted ? `write it in quotes: "${source}"` : `write ${KIND_NAMES[kind]}`,
  )
  return undefined
}
