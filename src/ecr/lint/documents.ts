import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type ScalarTag,
} from 'yaml'
import { quoteText } from '../../text/quoted-text.ts'
import type { Located, LocatedObject } from './located.ts'
import type { Report } from './report.ts'

/** The kubelet reads YAML 1.1, in which these words are booleans too; the library reads 1.2. */
const WORDY_BOOLEAN: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:y|yes|on|n|no|off)$/i,
  resolve: (text) => /^(?:y|on)/i.test(text),
}

/**
 * Parses the documents of a file, JSON or YAML, and reports what is neither. Documents with such errors are left out, except
 * where the parser is sure what was meant. `firstLine` is the line of the file that `text` begins on.
 */
export function parseDocuments(text: string, report: Report, firstLine = 1): readonly Located[] {
  const lineCounter = new LineCounter()
  const lineOf = (offset: number) => Math.max(1, lineCounter.linePos(offset).line) + firstLine - 1
  const isJson = /^[\s]*\{/.test(text)
  const hasJsonError = isJson && reportJsonError(text, lineOfText(text, firstLine), report)
  let documents: readonly Document.Parsed[]
  try {
    documents = [
      ...parseAllDocuments(text, {
        lineCounter,
        prettyErrors: false,
        logLevel: 'silent',
        merge: true,
        customTags: (tags) => [WORDY_BOOLEAN, ...tags],
      }),
    ]
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    report.refuse(firstLine, 'it is nested too deeply', 'write fewer brackets')
    return []
  }
  return documents.flatMap((document) => {
    const [error] = document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY')
    for (const { code, pos } of document.errors)
      if (code === 'DUPLICATE_KEY')
        report.refuse(lineOf(pos[0]), 'a field is there twice', 'remove one of them')
    if (error !== undefined) {
      if (!hasJsonError) reportYamlError(error, lineOf(error.pos[0]), report)
      return []
    }
    const aliases = { count: 0 }
    return [locate(document.contents, { document, lineOf, report, aliases, depth: 0 })]
  })
}

function reportYamlError(
  { code, message }: { readonly code: string; readonly message: string },
  line: number,
  report: Report,
) {
  if (code === 'BAD_ALIAS') {
    report.refuse(line, 'an unquoted * begins an alias in YAML', 'write the pattern in quotes: "*.…"')
  } else if (code === 'RESOURCE_EXHAUSTION') {
    report.refuse(line, 'it is nested too deeply', 'write fewer brackets')
  } else {
    const problem = message.replace(/\s+/g, ' ').trim()
    report.refuse(line, `it is no YAML: ${problem}`, 'mend the syntax; what follows is not checked')
  }
}

function lineOfText(text: string, firstLine: number) {
  return (offset: number) => text.slice(0, offset).split('\n').length + firstLine - 1
}

const TRAILING_COMMA_OR_COMMENT = /"(?:\\.|[^"\\])*"|(?<comma>,)(?=\s*[\]}])|(?<comment>\/\/|\/\*|#)/gs

/** What begins with `{` the kubelet reads as JSON, whatever the file's name: without trailing commas and comments. */
function reportJsonError(text: string, lineOf: (offset: number) => number, report: Report): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (error) {
    let isReported = false
    for (const { groups, index } of text.matchAll(TRAILING_COMMA_OR_COMMENT)) {
      if (groups?.['comma'] === undefined && groups?.['comment'] === undefined) continue
      const what = groups['comma'] === undefined ? 'a comment' : 'a comma after the last item'
      report.refuse(lineOf(index), `JSON has no place for ${what}`, 'remove it, or write YAML')
      isReported = true
    }
    // The message itself may quote the file, and with it the value of a variable.
    const line = Number(/line (\d+)/.exec((error as Error).message)?.[1] ?? 1)
    if (!isReported)
      report.refuse(lineOf(0) + line - 1, 'it begins with { and is no JSON', 'mend the syntax, or write YAML')
    return true
  }
}

interface Surroundings {
  readonly document: Document.Parsed
  readonly lineOf: (offset: number) => number
  readonly report: Report
  /** Aliases that were followed. */
  readonly aliases: { count: number }
  readonly depth: number
}

/** More than any configuration needs; an alias inside what it refers to would have no end. */
const MAX_DEPTH = 50

/** A few lines of aliases of aliases can stand for billions of values. */
const MAX_ALIASES = 500

function locate(node: unknown, surroundings: Surroundings): Located {
  const { document, lineOf, report, aliases, depth } = surroundings
  const range = (node as { readonly range?: readonly number[] } | null)?.range
  const line = lineOf(range?.[0] ?? document.range[0])
  const inside = { ...surroundings, depth: depth + 1 }
  if (depth > MAX_DEPTH) {
    report.refuse(line, 'it is nested too deeply', 'write it without aliases')
    return { kind: 'null', line }
  }
  if (isAlias(node)) {
    const target = node.resolve(document)
    if (target !== undefined && ++aliases.count <= MAX_ALIASES) return locate(target, inside)
    if (target !== undefined) {
      if (aliases.count === MAX_ALIASES + 1)
        report.refuse(line, 'it has too many aliases', 'write it without')
      return { kind: 'null', line }
    }
    const text = `*${node.source}`
    report.refuse(
      line,
      `an unquoted * begins an alias in YAML: ${quoteText(text)}`,
      `write it in quotes: ${quoteText(text)}`,
    )
    return { kind: 'text', line, text, firstContentLine: line }
  }
  if (isSeq(node)) return { kind: 'list', line, items: node.items.map((item) => locate(item, inside)) }
  if (isMap(node)) return locateObject(node.items, line, inside)
  if (!isScalar(node) || node.value === null || node.value === undefined) return { kind: 'null', line }
  const { value } = node
  if (typeof value === 'boolean') return { kind: 'boolean', line, isTrue: value }
  if (typeof value === 'string') {
    const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED'
    return { kind: 'text', line, text: value, firstContentLine: isBlock ? line + 1 : line }
  }
  return { kind: 'number', line, source: node.source ?? String(value) }
}

function locateObject(pairs: readonly Pair[], line: number, surroundings: Surroundings): LocatedObject {
  const fields = pairs.map((pair) => {
    const key = locate(pair.key, surroundings)
    const value = locate(pair.value, surroundings)
    const name = key.kind === 'text' ? key.text : key.kind === 'number' ? key.source : key.kind
    // An empty value has no place of its own.
    const isPlaced = pair.value !== null && pair.value !== undefined
    return [name, { line: key.line, value: isPlaced ? value : { ...value, line: key.line } }] as const
  })
  return { kind: 'object', line, fields: new Map(fields) }
}
