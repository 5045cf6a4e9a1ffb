import { applyEdits, findLineStart, findNextLine, shiftEdits, type TextEdit } from './text-edits.ts'

/** Lines shown around a change. */
const CONTEXT_LINES = 3

/** How the parts of a diff are coloured on a terminal (ECMA-48, select graphic rendition). */
const COLOURS = { header: 1, hunk: 36, removed: 31, added: 32, kept: 0 } as const

/** Whole lines that others take the place of; `start` counts from 0. */
interface LineChange {
  readonly start: number
  readonly removed: readonly string[]
  readonly added: readonly string[]
}

/** Writes the edits of a text as a unified diff; empty where there are none. The edits themselves say what differs. */
export function formatDiff(
  name: string,
  text: string,
  edits: readonly TextEdit[],
  options: { readonly isColourWanted: boolean },
): string {
  if (edits.length === 0) return ''
  const paint = (part: keyof typeof COLOURS, line: string) =>
    options.isColourWanted && part !== 'kept' ? `\u001B[${COLOURS[part]}m${line}\u001B[0m\n` : `${line}\n`
  const lines = splitLines(text)
  const output = [paint('header', `--- ${name}`), paint('header', `+++ ${name} (injected)`)]
  let drift = 0
  for (const hunk of groupHunks(listLineChanges(text, edits))) {
    const first = Math.max(0, (hunk[0]?.start ?? 0) - CONTEXT_LINES)
    const body: string[] = []
    let position = first
    let addedCount = 0
    let removedCount = 0
    const keepUntil = (end: number) => {
      for (; position < Math.min(end, lines.length); position++)
        body.push(paint('kept', ` ${lines[position]}`))
    }
    for (const { start, removed, added } of hunk) {
      keepUntil(start)
      body.push(...removed.map((line) => paint('removed', `-${line}`)))
      body.push(...added.map((line) => paint('added', `+${line}`)))
      position += removed.length
      removedCount += removed.length
      addedCount += added.length
    }
    keepUntil(position + CONTEXT_LINES)
    const oldCount = position - first
    const newCount = oldCount + addedCount - removedCount
    output.push(
      paint('hunk', `@@ -${formatRange(first, oldCount)} +${formatRange(first + drift, newCount)} @@`),
      ...body,
    )
    drift += addedCount - removedCount
  }
  return output.join('')
}

/** A range counts lines from 1, and an empty one names the line before it. */
function formatRange(first: number, count: number): string {
  return `${count === 0 ? first : first + 1},${count}`
}

function listLineChanges(text: string, edits: readonly TextEdit[]): readonly LineChange[] {
  const stretches: { start: number; end: number; edits: TextEdit[] }[] = []
  for (const edit of edits) {
    const { start, end } = widenToLines(text, edit)
    const last = stretches.at(-1)
    if (last !== undefined && start <= last.end) {
      last.end = Math.max(last.end, end)
      last.edits.push(edit)
    } else stretches.push({ start, end, edits: [edit] })
  }
  let position = 0
  let line = 0
  return stretches.map((stretch) => {
    const removedText = text.slice(stretch.start, stretch.end)
    line += countLines(text.slice(position, stretch.start))
    const start = line
    position = stretch.end
    const removed = splitLines(removedText)
    line += removed.length
    return {
      start,
      removed,
      added: splitLines(applyEdits(removedText, shiftEdits(stretch.edits, stretch.start))),
    }
  })
}

function widenToLines(text: string, edit: TextEdit): { readonly start: number; readonly end: number } {
  const start = findLineStart(text, edit.start)
  const isWholeLines =
    start === edit.start && findLineStart(text, edit.end) === edit.end && edit.text.endsWith('\n')
  return { start, end: isWholeLines ? edit.end : findNextLine(text, edit.end) }
}

/** Changes whose contexts touch are one hunk. */
function groupHunks(changes: readonly LineChange[]): readonly (readonly LineChange[])[] {
  const hunks: LineChange[][] = []
  let end = Number.NEGATIVE_INFINITY
  for (const change of changes) {
    if (change.start - end <= 2 * CONTEXT_LINES) hunks.at(-1)?.push(change)
    else hunks.push([change])
    end = change.start + change.removed.length
  }
  return hunks
}

function splitLines(text: string): readonly string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function countLines(text: string): number {
  return splitLines(text).length
}
