import type { KeeperTiming } from '../../src/roles-anywhere/session-keeper.ts'

/** A clock that is moved by hand, whose timer runs when the time has come. */
export class HandClock implements KeeperTiming {
  #nowMs = Date.now()
  #timer: { readonly at: number; readonly callback: () => void } | undefined

  now(): Date {
    return new Date(this.#nowMs)
  }

  schedule(ms: number, callback: () => void): () => void {
    const timer = { at: this.#nowMs + ms, callback }
    this.#timer = timer
    return () => {
      if (this.#timer === timer) this.#timer = undefined
    }
  }

  get msToTimer(): number | undefined {
    return this.#timer === undefined ? undefined : this.#timer.at - this.#nowMs
  }

  /** Moves the clock without its timer, as where a laptop slept. */
  sleep(ms: number): void {
    this.#nowMs += ms
  }

  advance(ms: number): void {
    this.sleep(ms)
    const timer = this.#timer
    if (timer === undefined || timer.at > this.#nowMs) return
    this.#timer = undefined
    timer.callback()
  }
}
