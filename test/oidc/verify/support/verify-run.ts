import { runProgram } from '../../../../src/cli/engine/program.ts'
import { ACTIONS } from '../../../../src/cli/pod-identity-webhook/actions.ts'
import { createProgram } from '../../../../src/cli/pod-identity-webhook/program.ts'
import { captureIo } from '../../../cli/capture-io.ts'

export interface ListedCheck {
  readonly id: string
  readonly status: string
  readonly message: string
  readonly hint: string
}

export interface VerifyRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** With `--output json`. */
  readonly checks: readonly ListedCheck[]
}

/** Runs `oidc verify` in this process. The AWS SDK sees `env` too, for as long as that takes. */
export async function runVerify(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  terminal: { readonly isTTY?: boolean } = {},
): Promise<VerifyRun> {
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  Object.assign(process.env, env)
  try {
    const { io, output } = captureIo({ env: { HOME: '/nonexistent', ...env }, ...terminal })
    const exitCode = await runProgram(createProgram(ACTIONS), ['oidc', 'verify', ...args], io)
    const checks = output.stdout.startsWith('{')
      ? (JSON.parse(output.stdout) as { checks: ListedCheck[] }).checks
      : []
    return { exitCode, ...output, checks }
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
  }
}
