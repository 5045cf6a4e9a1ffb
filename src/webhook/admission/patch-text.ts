import type { PatchOperation } from '../injection/build-patch.ts'

/** Writes a patch as JSON. */
export type PatchWriter = (patch: readonly PatchOperation[]) => string

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
    for (const operation of patch) {
      const { op, path } = operation
      // Paths are made of field names and numbers, so nothing in them needs escaping.
      text += `${text === '[' ? '' : ','}{"op":"${op}","path":"${path}"`
      text += operation.op === 'add' ? `,"value":${write(operation.value)}}` : '}'
    }
    return `${text}]`
  }
}
