import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'

/** How a daemon ended: one of the two is null. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process that runs until it is stopped; what it prints goes to a file. */
export interface Daemon {
  readonly name: string
  readonly pid: number
  readonly logPath: string
  readonly exited: Promise<Exit>
  /** Asks with SIGTERM, ends with SIGKILL after `graceMs`; resolves when the process is gone. */
  stop(graceMs?: number): Promise<Exit>
}

const STOP_GRACE_MS = 10_000

/**
 * Starts a daemon. It never outlives this process, be that ended by exit, exception or a signal that can be caught.
 *
 * `onLine` gets each line of its standard output.
 */
export async function startDaemon(options: {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly logPath: string
  readonly env?: NodeJS.ProcessEnv
  readonly onLine?: (line: string) => void
}): Promise<Daemon> {
  const { name, command, args, logPath } = options
  const child = spawn(command, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
  })
  const log = createWriteStream(logPath, { flags: 'a' })
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  if (options.onLine) createInterface({ input: child.stdout }).on('line', options.onLine)
  await once(child, 'spawn')
  const release = tieToThisProcess(child)
  const exited = once(child, 'close').then(async ([code, signal]): Promise<Exit> => {
    release()
    log.end()
    await finished(log)
    return { code, signal }
  })
  return {
    name,
    pid: child.pid ?? 0,
    logPath,
    exited,
    async stop(graceMs = STOP_GRACE_MS) {
      const killTimer = globalThis.setTimeout(() => child.kill('SIGKILL'), graceMs)
      child.kill('SIGTERM')
      return exited.finally(() => clearTimeout(killTimer))
    },
  }
}

/** Resolves with the first value of `probe` that is not undefined; rejects when the daemon ends or time is up. */
export async function waitForDaemon<T>(
  daemon: Daemon,
  what: string,
  probe: () => Promise<T | undefined>,
  timeoutMs: number,
): Promise<T> {
  const ended = new AbortController()
  void daemon.exited.then((exit) => ended.abort(exit))
  const value = await poll(probe, timeoutMs, ended.signal)
  if (value !== undefined) return value
  const happened = ended.signal.aborted ? 'ended' : `was not ${what} within ${timeoutMs} ms`
  const tail = (await readFile(daemon.logPath, 'utf8')).trim().split('\n').slice(-8).join('\n')
  throw new Error(`${daemon.name} ${happened}; its last lines:\n${tail}`)
}

/** Asks every 20 ms until there is an answer; undefined when time is up or the signal comes. */
export async function poll<T>(
  probe: () => Promise<T | undefined>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const value = await probe()
    if (value !== undefined || signal?.aborted || performance.now() > deadlineMs) return value
    await setTimeout(20)
  }
}

/** What ends with this process. */
const tied = new Set<ChildProcess>()

// tap ends a test file that takes too long with SIGALRM.
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGALRM'] as const

function tieToThisProcess(child: ChildProcess): () => void {
  if (tied.size === 0) {
    process.once('exit', killTied)
    for (const signal of SIGNALS) process.once(signal, exitAtOnce)
  }
  tied.add(child)
  return () => {
    tied.delete(child)
    if (tied.size > 0) return
    process.off('exit', killTied)
    for (const signal of SIGNALS) process.off(signal, exitAtOnce)
  }
}

function killTied(): void {
  for (const child of tied) child.kill('SIGKILL')
}

function exitAtOnce(): void {
  process.exit(1)
}
