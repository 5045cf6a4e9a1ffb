import type { CheckResult } from '../../../oidc/verify/check.ts'

type Status = CheckResult['status']

/** A sign for each outcome, and the colour that it has on a terminal (ECMA-48 SGR). */
const SIGNS: Readonly<Record<Status, { readonly sign: string; readonly colour: number }>> = {
  ok: { sign: '✓', colour: 32 },
  failed: { sign: '✗', colour: 31 },
  warning: { sign: '!', colour: 33 },
  skipped: { sign: '–', colour: 2 },
}

/** The longest name of a check. */
const ID_WIDTH = 16

/** Writes a check as one line of text. */
export function renderCheck({ id, status, message, hint }: CheckResult, isColorful: boolean): string {
  const { sign, colour } = SIGNS[status]
  const shownSign = isColorful ? `\u001b[${colour}m${sign}\u001b[0m` : sign
  return `${shownSign} ${id.padEnd(ID_WIDTH)} ${message}${hint === '' ? '' : ` → ${hint}`}\n`
}

/** Writes all checks as JSON. */
export function renderReport(issuer: string, results: readonly CheckResult[]): string {
  const checks = results.map(({ id, status, message, hint }) => ({ id, status, message, hint }))
  return `${JSON.stringify({ issuer, checks }, undefined, 2)}\n`
}
