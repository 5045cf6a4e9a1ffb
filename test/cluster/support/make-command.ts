import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Cluster } from './cluster.ts'

const ROOT_FOLDER = fileURLToPath(new URL('../../../', import.meta.url))

/** What a target of make printed and how it ended. */
export interface MakeResult {
  /** make's own: 2 whenever a command failed. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a target of make as people do, with the cluster as kubectl's current context. */
export async function runMake(
  { connection }: Cluster,
  target: string,
  variables: Readonly<Record<string, string>>,
  kubeconfigPath = connection.adminKubeconfigPath,
): Promise<MakeResult> {
  const args = [
    '--no-print-directory',
    // Whoever runs this has installed the packages; make must not do so under a running suite.
    '--old-file=node_modules/.installed',
    target,
    `KUBECTL=${connection.kubectlPath}`,
    ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
  ]
  const env = { ...process.env, KUBECONFIG: kubeconfigPath, MAKEFLAGS: '', MAKELEVEL: '' }
  const make = spawn('make', args, { cwd: ROOT_FOLDER, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(make, 'close')
  const [stdout, stderr, [exitCode]] = await Promise.all([text(make.stdout), text(make.stderr), ended])
  return { exitCode, stdout, stderr }
}
