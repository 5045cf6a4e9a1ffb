import { setTimeout as delay } from 'node:timers/promises'

/** Clocks, randomness and delays, handed in so that tests need neither luck nor patience. */
export interface Timing {
  /** Milliseconds of a clock that never goes back; only differences mean something. */
  nowMs(): number
  /** Milliseconds since 1970, as other machines write them. */
  wallTimeMs(): number
  /** At least 0, under 1. */
  random(): number
  /** Resolves after `ms`; rejects at once when `signal` is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** The real ones. */
export const SYSTEM_TIMING: Timing = {
  nowMs: () => performance.now(),
  wallTimeMs: () => Date.now(),
  random: () => Math.random(),
  wait: (ms, signal) => delay(ms, undefined, { signal }),
}
