import type { CheckResult } from '../../../checks/verdict.ts'
import { type CommandIo, isColorful } from '../../engine/command.ts'
import { createProgress } from '../../engine/progress.ts'

type Status = CheckResult['status']

/** A sign for each outcome, and the colour that it has on a terminal (ECMA-48 SGR). */
const SIGNS: Readonly<Record<Status, { readonly sign: string; readonly colour: number }>> = {
  ok: { sign: '✓', colour: 32 },
  failed: { sign: '✗', colour: 31 },
  warning: { sign: '!', colour: 33 },
  skipped: { sign: '–', colour: 2 },
  unread: { sign: '?', colour: 33 },
}

/** How checks are told: as they are made, or all at the end. */
export interface CheckReport {
  readonly output: 'text' | 'json'
  /** The longest name of a check. */
  readonly idWidth: number
  /** What JSON says besides the checks. */
  readonly about: Readonly<Record<string, unknown>>
}

/** Makes checks while it is told which; gives their results. */
export async function reportChecks<Result extends CheckResult>(
  io: CommandIo,
  { output, idWidth, about }: CheckReport,
  make: (audience: {
    readonly begin: (id: string) => void
    readonly end: (result: Result) => void
  }) => Promise<readonly Result[]>,
): Promise<readonly Result[]> {
  const progress = createProgress(io)
  const results = await make({
    begin: (id) => progress.begin(`checking ${id}`),
    end(result) {
      progress.end()
      if (output === 'text') io.stdout.write(renderCheck(result, idWidth, isColorful(io.stdout, io.env)))
    },
  }).finally(() => progress.end())
  if (output === 'json') io.stdout.write(renderReport(about, results))
  return results
}

/** Writes a check as one line of text. */
function renderCheck(
  { id, status, message, hint }: CheckResult,
  idWidth: number,
  isColorful: boolean,
): string {
  const { sign, colour } = SIGNS[status]
  const shownSign = isColorful ? `\u001b[${colour}m${sign}\u001b[0m` : sign
  return `${shownSign} ${id.padEnd(idWidth)} ${message}${hint === '' ? '' : ` → ${hint}`}\n`
}

/** Writes all checks as JSON. */
function renderReport(about: Readonly<Record<string, unknown>>, results: readonly CheckResult[]): string {
  const checks = results.map(({ id, status, message, hint }) => ({ id, status, message, hint }))
  return `${JSON.stringify({ ...about, checks }, undefined, 2)}\n`
}
