import { EventEmitter, once } from 'node:events'
import type { Timing } from '../../src/kubernetes/timing.ts'

/** Longer waits guard against silence and are nobody's next step. */
const LONGEST_STEP_MS = 30_000

interface Wait {
  readonly ms: number
  readonly dueMs: number
  readonly end: () => void
}

/** One time for many replicas, which stands until it is moved; each reads it from a wall clock of its own. */
export class SharedClock {
  readonly #waits = new Set<Wait>()
  readonly #events = new EventEmitter().setMaxListeners(100)
  #elapsedMs = 0

  /** What clocks that are right show. */
  get wallTimeMs(): number {
    return Date.parse('2026-01-01T00:00:00Z') + this.#elapsedMs
  }

  /** A replica's view, whose wall clock is ahead by `skewMs`. */
  createTiming(skewMs = 0): Timing {
    return {
      nowMs: () => this.#elapsedMs,
      wallTimeMs: () => this.wallTimeMs + skewMs,
      random: () => 0,
      wait: (ms, signal) => this.#wait(ms, signal),
    }
  }

  /** Moves the time on and ends the waits that are due. */
  advance(ms: number): void {
    this.#elapsedMs += ms
    for (const wait of [...this.#waits]) if (wait.dueMs <= this.#elapsedMs) wait.end()
  }

  /** Resolves once that many wait for their next step. */
  async untilIdle(count: number): Promise<void> {
    while ([...this.#waits].filter(({ ms }) => ms <= LONGEST_STEP_MS).length < count)
      await once(this.#events, 'wait')
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const wait: Wait = { ms, dueMs: this.#elapsedMs + ms, end: () => leave(resolve) }
    const abort = () => leave(() => reject(signal.reason))
    const leave = (settle: () => void) => {
      this.#waits.delete(wait)
      signal.removeEventListener('abort', abort)
      settle()
    }
    this.#waits.add(wait)
    signal.addEventListener('abort', abort, { once: true })
    this.#events.emit('wait')
    return promise
  }
}
