/** Nothing of a configuration's text can be used; the message is one line that follows the name of what holds it. */
export class ConfigTextError extends Error {
  override readonly name = 'ConfigTextError'
}

/**
 * Parses the text of a configuration that is a JSON object; empty text and `null` are an object without members.
 *
 * `wanted` says what it should be, to end a sentence: `a JSON object with …`.
 * @throws {ConfigTextError}
 */
export function parseConfigObject(text: string, wanted: string): Readonly<Record<string, unknown>> {
  const value = text.trim() === '' ? {} : (parseJson(text) ?? {})
  if (typeof value === 'object' && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>
  throw new ConfigTextError(`is ${nameType(value)}, not ${wanted}`)
}

/** A value's type, with its article where it takes one. */
export function nameType(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'a number' : `the number ${value}`
  return typeof value === 'boolean' ? 'true or false' : `a ${typeof value}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ConfigTextError(`is not JSON: ${String((error as Error).message).replace(/\s+/g, ' ')}`)
  }
}
