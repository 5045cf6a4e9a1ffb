import { EventEmitter, once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import type { Timing } from '../../src/kubernetes/timing.ts'

/** Waits up to this long are retries' pauses; longer ones guard against silence. */
const LONGEST_PAUSE_MS = 300_000

/**
 * A clock that stands until it is moved, and pauses that take no time but are noted.
 *
 * A wait over 5 minutes lasts until `endLongWaits`.
 */
export class FakeTiming implements Timing {
  readonly pausesMs: number[] = []
  readonly #longWaits = new Set<() => void>()
  readonly #events = new EventEmitter()
  #elapsedMs = 0
  randomValue = 0

  nowMs(): number {
    return this.#elapsedMs
  }

  wallTimeMs(): number {
    return Date.parse('2026-01-01T00:00:00Z') + this.#elapsedMs
  }

  random(): number {
    return this.randomValue
  }

  advance(ms: number): void {
    this.#elapsedMs += ms
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (ms <= LONGEST_PAUSE_MS) {
      this.pausesMs.push(ms)
      this.#events.emit('pause')
      await setImmediate(undefined, { signal })
      return
    }
    await new Promise<void>((resolve, reject) => {
      this.#longWaits.add(resolve)
      const giveUp = () => {
        this.#longWaits.delete(resolve)
        reject(signal.reason)
      }
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  /** How many waits over 5 minutes have not ended. */
  get longWaitCount(): number {
    return this.#longWaits.size
  }

  /** Lets every wait over 5 minutes come to its end. */
  endLongWaits(): void {
    for (const resolve of this.#longWaits) resolve()
    this.#longWaits.clear()
  }

  /** Resolves at the next pause of a retry. */
  async nextPause(): Promise<void> {
    await once(this.#events, 'pause')
  }
}
