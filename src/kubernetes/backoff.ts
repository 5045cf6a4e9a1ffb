import type { Timing } from './timing.ts'

const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 30_000

/** How long to wait before the next try: 0.2 s, doubling to 30 s, each drawn from its upper half so that replicas part ways. */
export class Backoff {
  readonly #timing: Timing
  #nextMs = FIRST_DELAY_MS

  constructor(timing: Timing) {
    this.#timing = timing
  }

  /** Forgets past failures: the next delay is the shortest again. */
  reset(): void {
    this.#nextMs = FIRST_DELAY_MS
  }

  /** Waits its turn, or `atLeastMs` where that is longer; returns early once `signal` is aborted. */
  async pause(atLeastMs: number, signal: AbortSignal): Promise<void> {
    const delayMs = this.#nextMs * (0.5 + this.#timing.random() / 2)
    this.#nextMs = Math.min(this.#nextMs * 2, LONGEST_DELAY_MS)
    try {
      await this.#timing.wait(Math.max(delayMs, atLeastMs), signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
