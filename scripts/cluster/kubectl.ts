import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { ClusterError } from './cluster-error.ts'

/** What kubectl printed and how it ended. */
interface KubectlResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs kubectl, which brings the kubeconfig, the current context and kustomize. */
export interface Kubectl {
  /** What kubectl printed; `input` goes to its standard input as JSON. Throws ClusterError with kubectl's own cause. */
  run(args: readonly string[], input?: unknown): Promise<string>
  /** The same with kubectl's exit code instead of an error. */
  attempt(args: readonly string[], input?: unknown): Promise<KubectlResult>
}

/**
 * Creates a runner of `command`; a kubectl that is not there is a ClusterError. What the API server warns of goes to
 * `reportWarning`, a line each.
 */
export function createKubectl(command: string, reportWarning: (line: string) => void = () => {}): Kubectl {
  async function attempt(args: readonly string[], input?: unknown): Promise<KubectlResult> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const ended = once(child, 'close')
    // kubectl may end before it has read its input; its exit code tells more than EPIPE.
    child.stdin.on('error', () => {})
    child.stdin.end(input === undefined ? '' : JSON.stringify(input))
    try {
      const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
      return { exitCode, stdout, stderr }
    } catch (error) {
      const cause = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not installed' : `${error}`
      throw new ClusterError(
        `${command}: ${cause}: see https://kubernetes.io/docs/tasks/tools, or name it with KUBECTL=`,
      )
    }
  }
  return {
    attempt,
    async run(args, input) {
      const { exitCode, stdout, stderr } = await attempt(args, input)
      if (exitCode !== 0) throw new ClusterError(findCause(stderr) || `kubectl ended with ${exitCode}`)
      for (const line of stderr.split('\n')) if (line.startsWith('Warning: ')) reportWarning(line)
      return stdout
    },
  }
}

/** The line of kubectl's standard error that says why: warnings and retries come before it, details after it. */
export function findCause(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const cause =
    lines.find((line) =>
      /^(error: |Error from server|Unable to connect|The \S+ "?\S+"? is invalid)/.test(line),
    ) ?? lines.at(-1)
  return (cause ?? '').replace(/^(error: |Error from server( \(\w+\))?: )/, '').replace(/:$/, '')
}
