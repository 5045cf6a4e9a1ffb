/** What ends a line, moves a terminal's cursor, or turns the direction in which text is shown. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Of these, what JSON leaves as it is. */
const CONTROLS_IN_JSON = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Writes text of others so that it stays one line, and does nothing to a terminal: control characters as `\u001b`. */
export function toPrintableLine(text: string): string {
  return text.replaceAll(CONTROLS, escapeCharacter)
}

/** Writes a JSON document with the same value, whose texts do nothing to a terminal. */
export function toPrintableJson(document: string): string {
  return document.replaceAll(CONTROLS_IN_JSON, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
