const MAX_CHARACTERS = 200

/** DEL and the second set of control characters, which JSON leaves as they are and terminals act on. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029]/g

/** Quotes what other machines wrote, so that it stays one short line that does nothing to a terminal. */
export function quoteText(text: string): string {
  const shortened = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text
  return JSON.stringify(shortened).replaceAll(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** As {@link quoteText} for some texts, of which the first few are told. */
export function quoteTexts(texts: readonly string[]): string {
  const told = texts.slice(0, 5).map(quoteText).join(', ')
  return texts.length > 5 ? `${told} and ${texts.length - 5} more` : told
}
