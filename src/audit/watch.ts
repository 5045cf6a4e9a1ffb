import { UnreadError } from '../doctor/cluster-reader.ts'
import type { Audit } from './audit.ts'
import type { Finding } from './findings.ts'
import { renderTable } from './report-text.ts'

/** What watching works with. */
export interface WatchParts {
  /** Audits again. */
  audit(): Promise<Audit>
  /** Until the next audit is due, or `signal` is aborted. */
  wait(): Promise<void>
  /** Told a line for each finding that is new (`+`) or gone (`-`). */
  tell(line: string): void
  /** Told why the cluster could not be read this time. */
  tellUnread(line: string): void
  readonly signal: AbortSignal
}

/** Audits again and again, and tells what changed since the time before, until `signal` is aborted; gives the findings at the end. */
export async function watchFindings(
  first: readonly Finding[],
  { audit, wait, tell, tellUnread, signal }: WatchParts,
): Promise<readonly Finding[]> {
  let before = first
  while (!signal.aborted) {
    await wait()
    if (signal.aborted) break
    try {
      const { findings: after, isCut } = await audit()
      if (isCut) break
      for (const row of renderRows(after.filter(isMissingIn(before)))) tell(`+ ${row}`)
      for (const row of renderRows(before.filter(isMissingIn(after)))) tell(`- ${row}`)
      before = after
    } catch (error) {
      if (!(error instanceof UnreadError)) throw error
      tellUnread(error.message)
    }
  }
  return before
}

function isMissingIn(findings: readonly Finding[]): (finding: Finding) => boolean {
  const keys = new Set(findings.map(nameFinding))
  return (finding) => !keys.has(nameFinding(finding))
}

/** Whatever pods of the owner it is of now. */
function nameFinding({ code, namespace, kind, name, detail }: Finding): string {
  return [code, namespace, kind, name, detail].join('\n')
}

function renderRows(findings: readonly Finding[]): readonly string[] {
  const [, ...rows] = renderTable({ findings }, false).split('\n')
  return rows.filter((row) => row !== '')
}
