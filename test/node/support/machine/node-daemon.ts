import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { poll } from '../../../cluster/support/daemon.ts'
import { MARKER, markNode, type NodePlace } from './node-place.ts'

/** A process of the node. Any process that knows the node's place may start and stop it: it is told by a file. */
export interface NodeDaemon {
  readonly name: string
  readonly logPath: string
  /** Undefined while it does not run. */
  readPid(): number | undefined
  start(command: string, args: readonly string[]): Promise<void>
  /** Resolves when it is gone; content where it is not there. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Resolves with what `probe` gives once that is something. Rejects with the last lines of the log. */
  waitFor<T>(what: string, probe: () => Promise<T | undefined>): Promise<T>
}

const STOP_TIMEOUT_MS = 15_000
const READY_TIMEOUT_MS = 60_000

/** Describes a daemon, running or not. */
export function describeDaemon(place: NodePlace, name: string): NodeDaemon {
  const pidPath = join(place.folder, `${name}.pid`)
  const logPath = join(place.folder, `${name}.log`)
  const readPid = () => {
    try {
      const pid = Number(readFileSync(pidPath, 'utf8'))
      return isRunning(pid) ? pid : undefined
    } catch {
      return undefined
    }
  }
  return {
    name,
    logPath,
    readPid,
    async start(command, args) {
      const log = openSync(logPath, 'a')
      const child = spawn(command, [...args], {
        detached: true,
        stdio: ['ignore', log, log],
        env: { PATH: process.env['PATH'], HOME: place.folder, [MARKER]: markNode(place) },
      })
      await once(child, 'spawn').finally(() => closeSync(log))
      child.unref()
      writeFileSync(pidPath, String(child.pid))
    },
    async stop(signal = 'SIGTERM') {
      const pid = readPid()
      if (pid === undefined) return
      process.kill(pid, signal)
      const isGone = async () => (readPid() === undefined ? true : undefined)
      if (!(await poll(isGone, STOP_TIMEOUT_MS))) process.kill(pid, 'SIGKILL')
      await poll(isGone, STOP_TIMEOUT_MS)
      rmSync(pidPath, { force: true })
    },
    async waitFor(what, probe) {
      const ended = Symbol('ended')
      const value = await poll(
        async () => (readPid() === undefined ? ended : await probe()),
        READY_TIMEOUT_MS,
      )
      if (value !== undefined && value !== ended) return value as Exclude<typeof value, symbol>
      const happened = value === ended ? 'ended' : `was not ${what} within ${READY_TIMEOUT_MS} ms`
      const tail = readFileSync(logPath, 'utf8').trim().split('\n').slice(-12).join('\n')
      throw new Error(`${name} ${happened}; its last lines:\n${tail}`)
    },
  }
}

/** A process that has ended, and for which nobody has asked, does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
