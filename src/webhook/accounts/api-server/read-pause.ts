/** How long the API server is left alone after 429 or 5xx that did not say. */
const UNSAID_PAUSE_MS = 1_000

/** Remembers that the API server asked to be left alone (HTTP 429 and 503, `Retry-After`). */
export class ReadPause {
  readonly #nowMs: () => number
  #endsAtMs = Number.NEGATIVE_INFINITY

  constructor(options: { readonly nowMs: () => number }) {
    this.#nowMs = options.nowMs
  }

  get isActive(): boolean {
    return this.#nowMs() < this.#endsAtMs
  }

  /** Begins a pause, or makes the one that is on longer; never shorter. */
  begin(retryAfterMs: number | undefined): void {
    this.#endsAtMs = Math.max(this.#endsAtMs, this.#nowMs() + (retryAfterMs ?? UNSAID_PAUSE_MS))
  }
}
