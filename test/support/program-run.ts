import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const PROGRAMS = join(import.meta.dirname, '..', '..', 'src', 'bin')

/** What a process of the program did. */
export interface ProgramRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program of ours in a process of its own, to its end. Of this process's environment it has nothing. */
export async function runProgramProcess(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>
    readonly stdin?: string
    readonly program?: 'pod-identity-webhook' | 'roles-anywhere'
  } = {},
): Promise<ProgramRun> {
  const { env = {}, stdin = '', program = 'pod-identity-webhook' } = options
  const child = spawn(process.execPath, [join(PROGRAMS, `${program}.ts`), ...args], { env, stdio: 'pipe' })
  // A program that ends before it reads all is no failure of the test.
  child.stdin.on('error', () => {}).end(stdin)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}
