import {
  type Document,
  isNode,
  isScalar,
  LineCounter,
  parseAllDocuments,
  visit,
  type YAMLParseError,
} from 'yaml'
import { quoteText } from '../../../text/quoted-text.ts'
import { KUBERNETES_YAML } from './kubernetes-yaml.ts'

/** What is wrong with a manifest, and where: `file:line: what`. One line. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'

  constructor(place: string, problem: string) {
    super(`${place}: ${problem.replace(/\s+/g, ' ')}`)
  }
}

/** A YAML document (JSON is YAML) of a file, with its value. */
export interface ManifestDocument {
  readonly document: Document.Parsed
  /** `undefined` where the document is empty. */
  readonly value: unknown
  /** Where a character is: `file:line`. */
  readonly placeOf: (offset: number) => string
}

/** An object of a file: a document's, or an item of the List that is one. */
export interface ManifestObject {
  readonly value: Readonly<Record<string, unknown>>
  /** The type's own name: `Deployment`. Empty where there is none. */
  readonly kind: string
  /** Without the version: `apps`, empty for the core group. */
  readonly group: string
  /** Where it begins: `file:line`. */
  readonly place: string
  readonly document: ManifestDocument
  /** The way from the document's root to the object: empty, or `items` and an index, once for every List around it. */
  readonly path: readonly (string | number)[]
}

/**
 * Parses a stream of YAML documents.
 * @throws {ManifestError} at the first thing that is no YAML
 */
export function parseDocuments(fileName: string, text: string): readonly ManifestDocument[] {
  const lineCounter = new LineCounter()
  const placeOf = (offset: number) => `${fileName}:${Math.max(1, lineCounter.linePos(offset).line)}`
  let documents: readonly Document.Parsed[]
  try {
    documents = parseAllDocuments(text, { ...KUBERNETES_YAML, lineCounter }) as readonly Document.Parsed[]
  } catch (error) {
    throw describeFailure(`${fileName}:1`, error)
  }
  return documents.map((document) => {
    const [error] = document.errors
    if (error !== undefined) {
      throw new ManifestError(placeOf(error.pos[0]), describeYamlError(error, document, lineCounter))
    }
    return { document, value: readValue(document, placeOf), placeOf }
  })
}

/** The objects of documents, those in Lists one by one; documents that hold no object are left out. */
export function listObjects(documents: readonly ManifestDocument[]): readonly ManifestObject[] {
  return documents.flatMap((document) =>
    listObjectsIn(document.value, document, [], { apiVersion: '', kind: '' }),
  )
}

function listObjectsIn(
  value: unknown,
  document: ManifestDocument,
  path: readonly (string | number)[],
  fallback: { readonly apiVersion: string; readonly kind: string },
): readonly ManifestObject[] {
  if (!isObject(value)) return []
  const kind = readText(value['kind']) ?? fallback.kind
  const apiVersion = readText(value['apiVersion']) ?? fallback.apiVersion
  const items = value['items']
  if (kind.endsWith('List') && Array.isArray(items)) {
    // The items of a PodList may leave out what the list's own kind says.
    const itemType = { apiVersion, kind: kind.slice(0, -'List'.length) }
    return items.flatMap((item, index) => listObjectsIn(item, document, [...path, 'items', index], itemType))
  }
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return [{ value, kind, group, place: findPlace(document, path), document, path }]
}

/** The place of a node of a document; of the document where the way to the node leads through an alias. */
function findPlace({ document, placeOf }: ManifestDocument, path: readonly (string | number)[]): string {
  const node: unknown = document.getIn(path, true)
  return placeOf((isNode(node) ? node.range?.[0] : undefined) ?? startOf(document))
}

function startOf(document: Document.Parsed): number {
  return document.contents?.range[0] ?? document.range[0]
}

function readValue(document: Document.Parsed, placeOf: (offset: number) => string): unknown {
  try {
    const value: unknown = document.toJS()
    // Throws where a value holds itself.
    JSON.stringify(value)
    return value ?? undefined
  } catch (error) {
    throw describeFailure(placeOf(startOf(document)), error)
  }
}

function describeYamlError(error: YAMLParseError, document: Document.Parsed, lines: LineCounter): string {
  if (error.code === 'RESOURCE_EXHAUSTION') return TOO_DEEP
  const repeated = error.code === 'DUPLICATE_KEY' ? findKeyAt(document, error.pos[0]) : undefined
  if (repeated === undefined) return error.message
  const { key, firstOffset } = repeated
  return `the key ${quoteText(key)} is there already, in line ${lines.linePos(firstOffset).line}`
}

/** The key of a map at an offset, and where the first of its name in that map is. */
function findKeyAt(document: Document.Parsed, offset: number) {
  let found: { readonly key: string; readonly firstOffset: number } | undefined
  visit(document, {
    Map(_, map) {
      const keys = map.items.map(({ key }) => key).filter(isScalar)
      const repeated = keys.find((key) => key.range?.[0] === offset)
      const first = keys.find((key) => repeated !== undefined && key.value === repeated.value)
      if (repeated === undefined || first?.range === undefined || first.range === null) return undefined
      found = { key: String(repeated.value), firstOffset: first.range[0] }
      return visit.BREAK
    },
  })
  return found
}

const TOO_DEEP = 'it is nested too deeply'

/** The parser recurses, so text of many brackets exhausts the stack; an alias inside its own anchor is a TypeError. */
function describeFailure(place: string, error: unknown): ManifestError {
  if (error instanceof RangeError) return new ManifestError(place, TOO_DEEP)
  if (error instanceof TypeError) return new ManifestError(place, 'an alias stands inside what it refers to')
  return new ManifestError(place, (error as Error).message)
}

/** Whether a value is an object of JSON: neither `null` nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
