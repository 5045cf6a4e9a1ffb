import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { MARKER, type NodePlace } from './node-place.ts'

/** A process that outlives this one, however this one ends, and then removes all of a node. */
export interface Keeper {
  readonly pid: number
  /** Has it removed now. Rejects with what is left. */
  close(): Promise<void>
}

/**
 * Starts it. It waits for the end of a pipe from this process: a crash, SIGKILL and Ctrl-C, from which it is kept apart by a
 * session of its own, all end that.
 */
export async function startKeeper(place: NodePlace): Promise<Keeper> {
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] }
  delete env[MARKER]
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'keeper-process.ts'), JSON.stringify(place)],
    { env, detached: true, stdio: ['pipe', 'ignore', 'pipe'] },
  )
  await once(child, 'spawn')
  const errors = text(child.stderr)
  const exited = once(child, 'exit')
  return {
    pid: child.pid ?? 0,
    async close() {
      child.stdin.end()
      const [code] = await exited
      if (code !== 0) throw new Error(`the node left behind:\n${await errors}`)
    },
  }
}
