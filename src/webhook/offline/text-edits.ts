/** A stretch of a text, by UTF-16 offsets, and what takes its place; where it is empty, text is inserted. */
export interface TextEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The text with edits made; they are in order and do not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let position = 0
  const pieces: string[] = []
  for (const edit of edits) {
    pieces.push(text.slice(position, edit.start), edit.text)
    position = edit.end
  }
  return pieces.join('') + text.slice(position)
}

/** The edits of a part of a text as edits of that part alone. */
export function shiftEdits(edits: readonly TextEdit[], offset: number): readonly TextEdit[] {
  return edits.map(({ start, end, text }) => ({ start: start - offset, end: end - offset, text }))
}

/** Where the line of a character begins. */
export function findLineStart(text: string, offset: number): number {
  // lastIndexOf takes a place before the text for its first character.
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}

/** Where the line after that of a character begins; the text's end where there is none. */
export function findNextLine(text: string, offset: number): number {
  const lineEnd = text.indexOf('\n', offset)
  return lineEnd === -1 ? text.length : lineEnd + 1
}
