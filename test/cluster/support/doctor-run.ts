import { runProgram } from '../../../src/cli/engine/program.ts'
import { ACTIONS } from '../../../src/cli/pod-identity-webhook/actions.ts'
import { createProgram } from '../../../src/cli/pod-identity-webhook/program.ts'
import { captureIo } from '../../cli/capture-io.ts'

/** A check as `-o json` tells it. */
export interface ToldCheck {
  readonly id: string
  readonly status: string
  readonly message: string
  readonly hint: string
}

/** What doctor said. */
export interface DoctorRun {
  readonly exitCode: number
  readonly checks: readonly ToldCheck[]
  readonly stderr: string
  find(id: string): ToldCheck
  /** Names of the checks with one of these outcomes. */
  list(...statuses: readonly string[]): readonly string[]
}

/** Runs `doctor -o json` with more flags. */
export async function runDoctor(...flags: readonly string[]): Promise<DoctorRun> {
  const { io, output } = captureIo()
  const exitCode = await runProgram(createProgram(ACTIONS), ['doctor', '-o', 'json', ...flags], io)
  const { checks } = (output.stdout === '' ? { checks: [] } : JSON.parse(output.stdout)) as {
    readonly checks: readonly ToldCheck[]
  }
  return {
    exitCode,
    checks,
    stderr: output.stderr,
    list: (...statuses) => checks.filter(({ status }) => statuses.includes(status)).map(({ id }) => id),
    find(id) {
      const check = checks.find((candidate) => candidate.id === id)
      if (check === undefined) throw new Error(`there is no check ${id}`)
      return check
    },
  }
}
