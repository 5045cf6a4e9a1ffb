import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** The two cores of a benchmark: one for the servers, one for whatever makes or watches the load. */
export interface Cores {
  readonly server: number
  readonly load: number
  /** Whether processes can be kept to them; where not, server and load disturb one another. */
  readonly arePinned: boolean
}

/** Takes cores 0 and 1, and moves this process, which only waits and reads /proc, to that of the load. */
export function claimCores(): Cores {
  const [server, load] = [0, 1]
  const arePinned = [server, load].every(
    (core) => spawnSync('taskset', ['-c', String(core), 'true']).status === 0,
  )
  if (arePinned) execFileSync('taskset', ['-a', '-c', '-p', String(load), String(process.pid)])
  return { server, load, arePinned }
}

/** Starts a process on its core. It ends with this process, however that ends. */
export function spawnPinned(
  cores: Cores,
  role: 'server' | 'load',
  command: string,
  commandArguments: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const child = cores.arePinned
    ? spawn('taskset', ['-c', String(cores[role]), command, ...commandArguments], options)
    : spawn(command, commandArguments, options)
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.removeListener('exit', kill))
  return child
}

/** Waits for the end of a process and returns its exit code, or undefined where a signal ended it. */
export async function waitForExit(child: ChildProcess): Promise<number | undefined> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode ?? undefined
}
