import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'bin', 'pod-identity-webhook.ts')

/** What a process of the program did. */
export interface ProgramRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs pod-identity-webhook in a process of its own, to its end. Of this process's environment it has nothing. */
export async function runProgramProcess(
  args: readonly string[],
  { env = {}, stdin = '' }: { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string } = {},
): Promise<ProgramRun> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: 'pipe' })
  // A program that ends before it reads all is no failure of the test.
  child.stdin.on('error', () => {}).end(stdin)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}
