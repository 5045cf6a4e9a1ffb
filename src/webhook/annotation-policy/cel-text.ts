/** A text as a literal of CEL, the expression language of the API server's admission policies. */
export function quoteCel(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** A list of texts as a literal of CEL. */
export function listCel(texts: readonly string[]): string {
  return `[${texts.map(quoteCel).join(', ')}]`
}
