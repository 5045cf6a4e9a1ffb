import { ClusterError } from './cluster-error.ts'

/** Runs a command; a ClusterError becomes one line and its exit code. */
export async function runCommand(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error
    process.stderr.write(`${name}: ${error.message}\n`)
    process.exitCode = error.exitCode
  }
}

/** Where a command tells of its progress: colours are for terminals whose user did not decline them. */
export function describeOutput(stdout: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
  return {
    write: (text: string) => void stdout.write(text),
    isColourful: stdout.isTTY === true && !env['NO_COLOR'],
  }
}
