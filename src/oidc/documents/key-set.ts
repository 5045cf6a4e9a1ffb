import { parseSigningKey, removeDuplicates, type SigningKey } from './signing-key.ts'

/** Writes `keys.json`, a JSON Web Key Set. */
export function renderKeySet(keys: readonly SigningKey[]): string {
  return `${JSON.stringify({ keys }, undefined, 2)}\n`
}

/** Reads a JSON Web Key Set; the same key is listed once. Throws an Error of one line. */
export function parseKeySet(value: unknown): readonly SigningKey[] {
  const keys =
    typeof value === 'object' && value !== null ? (value as { readonly keys?: unknown }).keys : null
  if (!Array.isArray(keys)) throw new Error('it is no JSON Web Key Set: it has no list of keys')
  return removeDuplicates(keys.map(parseSigningKey))
}
