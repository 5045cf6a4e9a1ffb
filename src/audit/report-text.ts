import { toPrintableLine } from '../text/printable-line.ts'
import type { Audit } from './audit.ts'
import { FINDINGS, type Finding, type FindingCode } from './findings.ts'

/** Writes findings as a table for people: in `wide` with roles, details and names of pods too. */
export function renderTable({ findings }: Pick<Audit, 'findings'>, isWide: boolean): string {
  if (findings.length === 0) return ''
  const head = ['FINDING', 'NAMESPACE', 'OWNER', 'PODS', 'SERVICEACCOUNT']
  const rows = findings.map((finding) => [
    finding.code,
    finding.namespace,
    `${finding.kind}/${finding.name}`,
    finding.podCount === 0 ? '-' : String(finding.podCount),
    finding.serviceAccount,
    ...(isWide ? [finding.role || '-', finding.detail || '-', finding.pods.join(',') || '-'] : []),
  ])
  const all = [[...head, ...(isWide ? ['ROLE', 'DETAIL', 'FIRST PODS'] : [])], ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map((row) =>
      toPrintableLine(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** Says what was found in all, and what to do about each kind of finding, a line each. */
export function renderSummary({ findings, podCount, accountCount, gaps, isCut }: Audit): string {
  const counts = Map.groupBy(findings, ({ code }) => code)
  const lines = [...counts].map(([code, of]) => {
    const { sentence, remedy } = FINDINGS[code]
    return `${code} (${countThings(of)}): ${sentence}. ${capitalize(remedy)}.`
  })
  const ended = isCut ? ' The audit was ended early; there may be more.' : ''
  const looked = `${podCount} pods and ${accountCount} annotated ServiceAccounts were looked at.${ended}`
  return [
    ...(lines.length === 0 ? ['Nothing was found.'] : lines),
    ...gaps.map((gap) => `Not looked at: ${gap}.`),
    looked,
  ]
    .map((line) => `${toPrintableLine(line)}\n`)
    .join('')
}

/** How many findings there are of each code. */
export function countFindings(findings: readonly Finding[]): Readonly<Partial<Record<FindingCode, number>>> {
  return Object.fromEntries(
    [...Map.groupBy(findings, ({ code }) => code)].map(([code, of]) => [code, of.length]),
  )
}

function countThings(findings: readonly Finding[]): string {
  const pods = findings.reduce((sum, { podCount }) => sum + podCount, 0)
  const count = pods || findings.length
  return `${count} ${pods > 0 ? 'pod' : 'ServiceAccount'}${count === 1 ? '' : 's'}`
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
