/** What happened when, with the counts until then. */
export interface EventTable {
  /** Notes an event at this moment. */
  note(event: string): void
  /** The table as lines of text: for each event what was counted from it to the next one. */
  render(): readonly string[]
}

/** Makes a table of events; `readCounts` is asked at each. */
export function createEventTable(readCounts: () => Readonly<Record<string, number>>): EventTable {
  const startedAtMs = performance.now()
  const rows: { readonly atMs: number; readonly event: string; readonly counts: Record<string, number> }[] =
    []
  const take = (event: string) => ({
    atMs: performance.now() - startedAtMs,
    event,
    counts: { ...readCounts() },
  })
  return {
    note: (event) => void rows.push(take(event)),
    render() {
      const end = take('sum')
      const names = Object.keys(end.counts)
      const lines = rows.map(({ atMs, event, counts }, index) => {
        const next = rows[index + 1] ?? end
        return [
          `${(atMs / 1000).toFixed(1)} s`,
          event,
          ...names.map((name) => String((next.counts[name] ?? 0) - (counts[name] ?? 0))),
        ]
      })
      const sum = [
        `${(end.atMs / 1000).toFixed(1)} s`,
        end.event,
        ...names.map((name) => String(end.counts[name])),
      ]
      return layOut([['from', 'event', ...names], ...lines, sum])
    },
  }
}

function layOut(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
