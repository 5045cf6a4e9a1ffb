/**
 * Draws docs/picture.svg from docs/picture.txt: `node scripts/picture.ts`; with `--check` it only says whether the drawing is current.
 *
 * The text has a line for each box, `name: title | line | line`, and for each arrow, `from -> to: words`. Boxes stand in a row, in
 * their order; an arrow between neighbours is drawn between them, one that leads further below all of them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../docs/picture.txt', import.meta.url))
const TARGET = fileURLToPath(new URL('../docs/picture.svg', import.meta.url))

const BOX_WIDTH = 200
const BOX_HEIGHT = 118
const GAP = 100
const MARGIN = 20
const TOP = 20
const LINE_HEIGHT = 18
const LOOP_STEP = 44

/** A box of the drawing. */
interface Box {
  readonly name: string
  readonly title: string
  readonly lines: readonly string[]
}

/** An arrow between two boxes, by their places in the row. */
interface Arrow {
  readonly from: number
  readonly to: number
  readonly words: readonly string[]
}

/** Draws the picture that a text describes; throws an Error that names a line which says nothing. */
export function drawPicture(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const boxes = lines.filter((line) => !line.includes('->')).map(readBox)
  const arrows = lines.filter((line) => line.includes('->')).map((line) => readArrow(line, boxes))
  const loops = arrows.filter(({ from, to }) => Math.abs(from - to) > 1)
  const width = MARGIN * 2 + boxes.length * BOX_WIDTH + (boxes.length - 1) * GAP
  const height = TOP + BOX_HEIGHT + loops.length * LOOP_STEP + MARGIN
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(describe(boxes, arrows))}">`,
    STYLE,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>',
    ...boxes.map(drawBox),
    ...arrows.filter((arrow) => !loops.includes(arrow)).map(drawNeighbourArrow),
    ...loops.map(drawLoop),
    '</svg>',
    '',
  ].join('\n')
}

/** Readable on white and on black, whatever the reader's own choice is. */
const STYLE = `<style>
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.words { font-size: 12px; fill: #59636e }
rect { fill: #f6f8fa; stroke: #818b98; rx: 8px }
.line { fill: none; stroke: #0969da; stroke-width: 1.5 }
.tip { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .words { fill: #9198a1 }
  rect { fill: #151b23; stroke: #656c76 }
  .line { stroke: #4493f8 }
  .tip { fill: #4493f8 }
}
</style>`

function readBox(line: string): Box {
  const [, name = '', rest = ''] = /^(\w+):\s*(.+)$/.exec(line) ?? []
  if (name === '') throw new Error(`no box and no arrow: ${line}`)
  const [title = '', ...lines] = rest.split('|').map((part) => part.trim())
  return { name, title, lines }
}

function readArrow(line: string, boxes: readonly Box[]): Arrow {
  const [, fromName = '', toName = '', words = ''] = /^(\w+)\s*->\s*(\w+):\s*(.+)$/.exec(line) ?? []
  const [from, to] = [fromName, toName].map((name) => boxes.findIndex((box) => box.name === name))
  if (from === undefined || to === undefined || from < 0 || to < 0)
    throw new Error(`an arrow between boxes that are not there: ${line}`)
  return { from, to, words: words.split('|').map((part) => part.trim()) }
}

function leftOf(index: number): number {
  return MARGIN + index * (BOX_WIDTH + GAP)
}

function drawBox({ title, lines }: Box, index: number): string {
  const x = leftOf(index)
  const texts = lines.map((line, row) => writeText(x + 12, TOP + 52 + row * LINE_HEIGHT, line, ''))
  return [
    `<rect x="${x}" y="${TOP}" width="${BOX_WIDTH}" height="${BOX_HEIGHT}"/>`,
    writeText(x + 12, TOP + 26, title, 'title'),
    ...texts,
  ].join('\n')
}

function drawNeighbourArrow({ from, to, words }: Arrow): string {
  const isForward = to > from
  const [start, end] = isForward
    ? [leftOf(from) + BOX_WIDTH, leftOf(to)]
    : [leftOf(from), leftOf(to) + BOX_WIDTH]
  const y = TOP + (isForward ? 44 : 92)
  const middle = (start + end) / 2
  const texts = words.map((word, row) =>
    writeText(middle, y - 8 - (words.length - 1 - row) * 14, word, 'words', 'middle'),
  )
  return [`<path class="line" marker-end="url(#tip)" d="M${start} ${y}H${end}"/>`, ...texts].join('\n')
}

function drawLoop({ from, to, words }: Arrow, index: number): string {
  const y = TOP + BOX_HEIGHT + (index + 1) * LOOP_STEP - 14
  const [start, end] = [from, to].map((box) => leftOf(box) + BOX_WIDTH / 2 + index * 16)
  const bottom = TOP + BOX_HEIGHT
  const middle = ((start ?? 0) + (end ?? 0)) / 2
  return [
    `<path class="line" marker-end="url(#tip)" d="M${start} ${bottom}V${y}H${end}V${bottom + 2}"/>`,
    writeText(middle, y - 6, words.join(' '), 'words', 'middle'),
  ].join('\n')
}

function writeText(x: number, y: number, text: string, kind: string, anchor = 'start'): string {
  const classOf = kind === '' ? '' : ` class="${kind}"`
  const anchorOf = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  return `<text x="${x}" y="${y}"${classOf}${anchorOf}>${escapeXml(text)}</text>`
}

function describe(boxes: readonly Box[], arrows: readonly Arrow[]): string {
  return arrows
    .map(({ from, to, words }) => `${boxes[from]?.title} to ${boxes[to]?.title}: ${words.join(' ')}`)
    .join('; ')
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

if (import.meta.main) {
  const picture = drawPicture(readFileSync(SOURCE, 'utf8'))
  if (!process.argv.includes('--check')) writeFileSync(TARGET, picture)
  else if (readFileSync(TARGET, 'utf8') !== picture) {
    process.stderr.write('docs/picture.svg is not what docs/picture.txt says: run node scripts/picture.ts\n')
    process.exitCode = 1
  }
}
