import {
  type Alias,
  type Document,
  isMap,
  isNode,
  isPair,
  isSeq,
  type Node,
  stringify,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { YAML_TEXT } from '../accounts/manifests/kubernetes-yaml.ts'
import { type AdditionPlace, findPlaces } from './addition-places.ts'
import type { Addition } from './additions.ts'
import { findLineStart, findNextLine, type TextEdit } from './text-edits.ts'
import { readStyle, type YamlStyle } from './yaml-style.ts'

/**
 * Plans the edits of a YAML text that add to one of its documents; every other character stays as it came: comments,
 * blank lines, quotes, order, line ends.
 *
 * `after` is the document's value with the additions in it. An alias that no longer stands for the same value as its
 * anchor is written out.
 */
export function planDocumentEdits(
  text: string,
  document: Document.Parsed,
  additions: readonly Addition[],
  after: unknown,
): readonly TextEdit[] {
  const { places, spelledOut } = findPlaces(document.contents, additions, after)
  const style = readStyle(text, document)
  const edits = places
    .map((place) => ({ depth: place.depth, edit: planEdit(text, style, place) }))
    .sort((a, b) => a.edit.start - b.edit.start || b.depth - a.depth)
    .map(({ edit }) => edit)
  return [...edits, ...writeOutAliases(document, style, spelledOut, edits)].sort((a, b) => a.start - b.start)
}

/** Keeps the value that the other aliases of what is added to had. */
function writeOutAliases(
  document: Document.Parsed,
  style: YamlStyle,
  spelledOut: ReadonlySet<Node>,
  edits: readonly TextEdit[],
): readonly TextEdit[] {
  const written = new Set(edits.map(({ start, end }) => (start === end ? undefined : start)))
  const writtenOut: TextEdit[] = []
  visit(document, {
    Alias(_, alias: Alias) {
      const source = alias.resolve(document)
      const [start, end] = alias.range ?? [0, 0]
      if (source === undefined || !spelledOut.has(source) || written.has(start)) return
      writtenOut.push({ start, end, text: style.formatInline(source.toJS(document)) })
    },
  })
  return writtenOut
}

function planEdit(text: string, style: YamlStyle, place: AdditionPlace): TextEdit {
  if (place.kind === 'value') {
    const { start, end } = place
    const before = text[start - 1] === ':' ? ' ' : ''
    const behind = start === end && /\S/.test(text[end] ?? ' ') ? ' ' : ''
    return { start, end, text: `${before}${style.formatInline(place.value)}${behind}` }
  }
  if (place.kind === 'member') {
    const { map, key, value } = place
    if (map.flow)
      return insertInFlow(map, false, [
        style
          .formatInline({ [key]: value })
          .slice(1, -1)
          .trim(),
      ])
    return insertLines(text, style, findNextLineBehind(text, map), columnOf(text, map), { [key]: value })
  }
  const { list, keyEnd, isAtStart, values } = place
  if (list.flow)
    return insertInFlow(
      list,
      isAtStart,
      values.map((value) => style.formatInline(value)),
    )
  // Before the comments of the first item, which are its own.
  const offset = isAtStart ? findNextLine(text, keyEnd) : findNextLineBehind(text, list)
  return insertLines(text, style, offset, columnOf(text, list), values)
}

/** Adds to `{…}` or `[…]`. */
function insertInFlow(
  { items, range }: YAMLMap | YAMLSeq,
  isAtStart: boolean,
  entries: readonly string[],
): TextEdit {
  const joined = entries.join(', ')
  if (items.length > 0 && !isAtStart) {
    const end = findContentEnd(items.at(-1))
    return { start: end, end, text: `, ${joined}` }
  }
  const start = (range?.[0] ?? 0) + 1
  return { start, end: start, text: items.length > 0 ? `${joined}, ` : joined }
}

function insertLines(
  text: string,
  style: YamlStyle,
  offset: number,
  column: number,
  value: unknown,
): TextEdit {
  const { lineEnd, indentSeq } = style
  const lines = stringify(value, { ...YAML_TEXT, indentSeq })
    .trimEnd()
    .split('\n')
  const block = lines.map((line) => ' '.repeat(column) + line).join(lineEnd)
  const isAtLineStart = offset === 0 || text[offset - 1] === '\n'
  return { start: offset, end: offset, text: isAtLineStart ? block + lineEnd : lineEnd + block }
}

function columnOf(text: string, { range }: Node): number {
  const start = range?.[0] ?? 0
  return start - findLineStart(text, start)
}

/** The line behind the content of a node; comments below it are not its content. */
function findNextLineBehind(text: string, node: Node): number {
  const end = findContentEnd(node)
  // The content of a block text ends with its line.
  return text[end - 1] === '\n' ? end : findNextLine(text, end)
}

/** The range of a block collection takes in the comments below it, so its end is that of the last thing in it. */
function findContentEnd(node: unknown): number {
  if (isPair(node)) return findContentEnd(isNode(node.value) ? node.value : node.key)
  if ((isMap(node) || isSeq(node)) && !node.flow && node.items.length > 0)
    return findContentEnd(node.items.at(-1))
  return (isNode(node) ? node.range?.[1] : undefined) ?? 0
}
