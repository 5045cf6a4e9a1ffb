import type { CommandIo } from '../../src/cli/engine/command.ts'

/** An io that collects what is written. */
export function captureIo(options: { isTTY?: boolean; columns?: number; env?: Record<string, string> } = {}) {
  const output = { stdout: '', stderr: '' }
  const { env = {}, ...terminal } = options
  const io: CommandIo = {
    stdin: (async function* () {})(),
    stdout: { ...terminal, write: (text) => (output.stdout += text) },
    stderr: { ...terminal, write: (text) => (output.stderr += text) },
    env,
  }
  return { io, output }
}
