import jsonPatch from 'fast-json-patch'
import type { AddOperation } from '../injection/build-patch.ts'

/** One thing added to a document: the tokens of a JSON Pointer from the document's root, and the value. */
export interface Addition {
  readonly path: readonly string[]
  readonly value: unknown
}

/** An operation on a pod as an addition to the document that the pod is in. */
export function toAddition(base: readonly (string | number)[], operation: AddOperation): Addition {
  const tokens = operation.path.split('/').slice(1)
  return {
    path: [...base.map(String), ...tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))],
    value: operation.value,
  }
}

/** A path as a JSON Pointer (RFC 6901). */
export function formatPointer(path: readonly (string | number)[]): string {
  return path.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A copy of a document's value with things added as RFC 6902 says; what they are added to is there. */
export function applyAdditions(value: unknown, additions: readonly Addition[]): unknown {
  // Not structuredClone: it would keep two aliases of one anchor one object, and both would get what one is given.
  const copy: unknown = JSON.parse(JSON.stringify(value))
  const operations = additions.map((addition) => ({
    op: 'add' as const,
    path: formatPointer(addition.path),
    value: addition.value,
  }))
  return jsonPatch.applyPatch(copy, operations).newDocument
}

/** What a path leads to; `undefined` where it leads nowhere. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (parent, token) =>
      typeof parent === 'object' && parent !== null && Object.hasOwn(parent, token)
        ? (parent as Record<string, unknown>)[token]
        : undefined,
    value,
  )
}
