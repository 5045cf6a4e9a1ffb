import type { AddOperation } from '../injection/build-patch.ts'

/** Writes a patch as JSON. */
export type PatchWriter = (patch: readonly AddOperation[]) => string

/**
 * Creates a writer that remembers the JSON of the values in patches, which are the same objects for every pod of an
 * identity: writing a patch anew costs more than all the rest of a decision (6 of 11 µs).
 */
export function createPatchWriter(): PatchWriter {
  const written = new WeakMap<object, string>()

  function write(value: unknown): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value)
    let text = written.get(value)
    if (text === undefined) {
      text = JSON.stringify(value)
      written.set(value, text)
    }
    return text
  }

  return (patch) => {
    let text = '['
    for (const { op, path, value } of patch) {
      // Paths are made of field names and numbers, so nothing in them needs escaping.
      text += `${text === '[' ? '' : ','}{"op":"${op}","path":"${path}","value":${write(value)}}`
    }
    return `${text}]`
  }
}
