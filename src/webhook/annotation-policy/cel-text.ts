/** A text as a literal of CEL, the expression language of the API server's admission policies, whose escapes are JSON's. */
export function quoteCel(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** A list of texts as a literal of CEL. */
export function listCel(texts: readonly string[]): string {
  return `[${texts.map(quoteCel).join(', ')}]`
}
