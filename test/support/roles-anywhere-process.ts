import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PROFILE_ARN, ROLE_ARN, TRUST_ANCHOR_ARN } from './roles-anywhere-server.ts'

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'bin', 'roles-anywhere.ts')

/** The words of a command line of roles-anywhere for the test server. */
export function buildCommandLine(
  command: string,
  { certificatePath, endpoint }: { readonly certificatePath: string; readonly endpoint: string },
): readonly [string, ...string[]] {
  const arns = ['--trust-anchor-arn', TRUST_ANCHOR_ARN, '--profile-arn', PROFILE_ARN, '--role-arn', ROLE_ARN]
  return [
    process.execPath,
    PROGRAM,
    command,
    '--certificate',
    certificatePath,
    '--endpoint',
    endpoint,
    ...arns,
  ]
}

/** `serve` as a process that is ready. */
export interface ServingProcess {
  /** What it printed: the variables for SDKs. */
  readonly variables: Readonly<Record<string, string>>
  /** Tells it to end, and resolves to its exit code. */
  stop(): Promise<number | null>
}

/** Starts `serve` and waits until it has printed its variables: two, or with --imds one. */
export async function startServing(
  [program, ...args]: readonly [string, ...string[]],
  variableCount: number,
): Promise<ServingProcess> {
  const child: ChildProcess = spawn(program, args, { env: {}, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const variables: Record<string, string> = {}
  if (child.stdout !== null) {
    for await (const line of createInterface(child.stdout)) {
      const [name = '', ...value] = line.split('=')
      variables[name] = value.join('=')
      if (Object.keys(variables).length === variableCount) break
    }
  }
  return {
    variables,
    async stop() {
      child.kill('SIGTERM')
      const [code] = (await exited) as [number | null]
      return code
    },
  }
}
