import { stripVTControlCharacters, styleText } from 'node:util'

/** A colour, dropped where standard output is no terminal or NO_COLOR is set. */
export function paint(style: 'bold' | 'dim' | 'green' | 'red' | 'yellow', text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

/** Lays out rows under a heading: the first column to the left, the others, numbers, to the right. */
export function formatTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading.map((cell) => paint('bold', cell)), ...rows]
  const widths = heading.map((_, column) => Math.max(...all.map((row) => measureWidth(row[column] ?? ''))))
  return all
    .map((row) =>
      row
        .map((cell, column) => {
          const padding = ' '.repeat((widths[column] ?? 0) - measureWidth(cell))
          return column === 0 ? cell + padding : padding + cell
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function measureWidth(cell: string): number {
  return stripVTControlCharacters(cell).length
}
