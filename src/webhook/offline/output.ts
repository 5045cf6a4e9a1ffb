import { isObject } from '../accounts/manifests/manifest-documents.ts'
import { formatPointer } from './additions.ts'
import type { EditedFile } from './edited-file.ts'
import type { PodChange } from './pod-change.ts'
import { formatDiff } from './text-diff.ts'
import { applyEdits } from './text-edits.ts'

/** How `inject` writes what comes out. */
export type OutputFormat = 'yaml' | 'json' | 'patch' | 'diff'

/** Writes the files and what changed in them. */
export function formatOutput(
  format: OutputFormat,
  files: readonly EditedFile[],
  changes: readonly PodChange[],
  options: { readonly isColourWanted: boolean },
): string {
  switch (format) {
    case 'yaml':
      return files.reduce((joined, { text, edits }) => joinStreams(joined, applyEdits(text, edits)), '')
    case 'diff':
      return files.map(({ name, text, edits }) => formatDiff(name, text, edits, options)).join('')
    case 'json':
      return formatJson(files.flatMap(({ values }) => values))
    case 'patch':
      return `${JSON.stringify(changes.filter(({ additions }) => additions.length > 0).map(describePatch), undefined, 2)}\n`
  }
}

/** A stream that ends with its text gets the line that parts it from the next. */
function joinStreams(left: string, right: string): string {
  if (left.trim() === '' || right.trim() === '') return left + right
  const ended = left.endsWith('\n') ? left : `${left}\n`
  return /^\uFEFF?(?:---|%)/.test(right) ? ended + right : `${ended}---\n${right.replace(/^\uFEFF/, '')}`
}

/** One object as it is, several as one List, those of Lists among them one by one, as kubectl writes them. */
function formatJson(values: readonly unknown[]): string {
  const [only, ...others] = values
  const items = values.flatMap((value) => (isList(value) ? value.items : [value]))
  const result = others.length === 0 ? only : { apiVersion: 'v1', kind: 'List', items }
  return result === undefined ? '' : `${JSON.stringify(result, undefined, 2)}\n`
}

function isList(value: unknown): value is { readonly items: readonly unknown[] } {
  return isObject(value) && value['kind'] === 'List' && Array.isArray(value['items'])
}

/** The patch counts from the object, so that `kubectl patch --type=json` takes it. */
function describePatch({ object, namespace, name, additions }: PodChange) {
  const patch = additions.map(({ path, value }) => ({
    op: 'add',
    path: formatPointer(path.slice(object.path.length)),
    value,
  }))
  return { kind: object.kind, namespace, name, patch }
}
