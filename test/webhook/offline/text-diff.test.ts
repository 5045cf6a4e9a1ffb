import fc from 'fast-check'
import t from 'tap'
import { formatDiff } from '../../../src/webhook/offline/text-diff.ts'
import { applyEdits, type TextEdit } from '../../../src/webhook/offline/text-edits.ts'

const PLAIN = { isColourWanted: false }

t.test('no edits make no diff', async (t) => {
  t.equal(formatDiff('f', 'a\n', [], PLAIN), '')
})

t.test('hunks', async (t) => {
  const ten = 'abcdefghij'.split('').join('\n').concat('\n')
  const insertAt = (line: number, text: string): TextEdit => ({ start: line * 2, end: line * 2, text })
  const table: readonly (readonly [name: string, edits: readonly TextEdit[], diff: string])[] = [
    ['an inserted line', [insertAt(4, 'X\n')], '@@ -2,6 +2,7 @@\n b\n c\n d\n+X\n e\n f\n g\n'],
    ['at the start', [insertAt(0, 'X\n')], '@@ -1,3 +1,4 @@\n+X\n a\n b\n c\n'],
    ['at the end', [insertAt(10, 'X\n')], '@@ -8,3 +8,4 @@\n h\n i\n j\n+X\n'],
    ['in a line', [{ start: 8, end: 8, text: 'X' }], '@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+Xe\n f\n g\n h\n'],
    [
      'near ones are one hunk',
      [insertAt(1, 'X\n'), insertAt(7, 'Y\n')],
      '@@ -1,10 +1,12 @@\n a\n+X\n b\n c\n d\n e\n f\n g\n+Y\n h\n i\n j\n',
    ],
    [
      'far ones are two',
      [insertAt(1, 'X\n'), insertAt(8, 'Y\n')],
      '@@ -1,4 +1,5 @@\n a\n+X\n b\n c\n d\n@@ -6,5 +7,6 @@\n f\n g\n h\n+Y\n i\n j\n',
    ],
  ]
  for (const [name, edits, diff] of table)
    t.equal(formatDiff('f', ten, edits, PLAIN), `--- f\n+++ f (injected)\n${diff}`, name)
})

t.test('a diff, applied, gives the edited text', async () => {
  const lines = fc.array(fc.constantFrom('a', 'b', '', 'c: d'), { maxLength: 30 })
  const places = fc.array(fc.tuple(fc.nat(60), fc.nat(2), fc.constantFrom('x\n', 'y', 'p\nq\n', '\nz', '')), {
    maxLength: 5,
  })
  fc.assert(
    fc.property(lines, places, (given, wanted) => {
      const text = given.map((line) => `${line}\n`).join('')
      const edits: TextEdit[] = []
      for (const [at, length, inserted] of wanted.toSorted(([a], [b]) => a - b)) {
        const start = Math.min(at, text.length)
        // The last line keeps its end: a diff of lines says nothing about it.
        const end = Math.min(start + length, Math.max(start, text.length - 1))
        if (start < (edits.at(-1)?.end ?? 0) || (start === text.length && !inserted.endsWith('\n'))) continue
        edits.push({ start, end, text: inserted })
      }
      const diff = formatDiff('f', text, edits, PLAIN)
      return (
        applyDiff(given, diff)
          .map((line) => `${line}\n`)
          .join('') === applyEdits(text, edits)
      )
    }),
    { numRuns: 500 },
  )
})

/** Applies a unified diff and checks its line numbers and what it says of the lines that it keeps. */
function applyDiff(given: readonly string[], diff: string): readonly string[] {
  const result: string[] = []
  let position = 0
  for (const line of diff.split('\n').slice(2, -1)) {
    const header = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line)
    if (header !== null) {
      const [, oldFirst, oldCount, newFirst, newCount] = header.map(Number)
      const start = oldCount === 0 ? (oldFirst ?? 0) : (oldFirst ?? 0) - 1
      result.push(...given.slice(position, start))
      position = start
      if (result.length !== (newCount === 0 ? newFirst : (newFirst ?? 0) - 1))
        throw new Error(`wrong place: ${line}`)
    } else if (line.startsWith('+')) result.push(line.slice(1))
    else {
      if (given[position] !== line.slice(1)) throw new Error(`wrong line: ${line}`)
      if (line.startsWith(' ')) result.push(line.slice(1))
      position++
    }
  }
  return [...result, ...given.slice(position)]
}
