import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import { YAML_TEXT } from '../accounts/manifests/kubernetes-yaml.ts'
import {
  type ManifestDocument,
  ManifestError,
  parseDocuments,
} from '../accounts/manifests/manifest-documents.ts'
import { type Addition, applyAdditions } from './additions.ts'
import { planDocumentEdits } from './document-edits.ts'
import { applyEdits, shiftEdits, type TextEdit } from './text-edits.ts'
import { isJson } from './yaml-style.ts'

/** A text of YAML documents, and what is added to them. */
export interface EditedFile {
  readonly name: string
  readonly text: string
  readonly edits: readonly TextEdit[]
  /** The documents' values with the additions in them; empty documents are left out. */
  readonly values: readonly unknown[]
  /** Where documents begin that had to be written anew, without their comments: `file:line`. */
  readonly rewrittenPlaces: readonly string[]
}

/**
 * Adds to the documents of a text. With `isYamlWanted` a document of JSON that changes becomes YAML, else it stays JSON.
 *
 * The edited text is parsed again: where it does not say what it should, the document is written anew.
 */
export function editFile(
  file: { readonly name: string; readonly text: string; readonly documents: readonly ManifestDocument[] },
  additionsOf: (document: ManifestDocument) => readonly Addition[],
  options: { readonly isYamlWanted: boolean },
): EditedFile {
  const { name, text } = file
  const edits: TextEdit[] = []
  const values: unknown[] = []
  const rewrittenPlaces: string[] = []
  for (const manifest of file.documents) {
    if (manifest.value === undefined) continue
    const additions = additionsOf(manifest)
    if (additions.length === 0) {
      values.push(manifest.value)
      continue
    }
    const after = applyAdditions(manifest.value, additions)
    values.push(after)
    if (options.isYamlWanted && isJson(text, manifest.document)) {
      edits.push(rewriteDocument(text, manifest, after))
      continue
    }
    const planned = planDocumentEdits(text, manifest.document, additions, after)
    if (saysSo(text, manifest, planned, after)) edits.push(...planned)
    else {
      edits.push(rewriteDocument(text, manifest, after))
      rewrittenPlaces.push(manifest.placeOf(manifest.document.range[0]))
    }
  }
  return { name, text, edits, values, rewrittenPlaces }
}

/** Whether the text of a document means `after` once it is edited. */
function saysSo(
  text: string,
  { document }: ManifestDocument,
  edits: readonly TextEdit[],
  after: unknown,
): boolean {
  const [start, , end] = document.range
  try {
    const edited = parseDocuments('', applyEdits(text.slice(start, end), shiftEdits(edits, start)))
    const values = edited.flatMap(({ value }) => (value === undefined ? [] : [value]))
    return isDeepStrictEqual(values, [after])
  } catch (error) {
    if (error instanceof ManifestError) return false
    throw error
  }
}

function rewriteDocument(text: string, { document }: ManifestDocument, after: unknown): TextEdit {
  const [start, end] = document.contents?.range ?? document.range
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n'
  // A map may not begin on the line of the --- before it.
  const before = start === 0 || text[start - 1] === '\n' ? '' : lineEnd
  const behind = text[end - 1] === '\n' ? lineEnd : ''
  const yaml = stringify(after, YAML_TEXT).trimEnd().replaceAll('\n', lineEnd)
  return { start, end, text: before + yaml + behind }
}
