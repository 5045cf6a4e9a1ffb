import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'

/** Something that must be in order before requests may come. */
export interface ReadinessCheck {
  /** Begins each of its reasons: `certificate`, `accounts`. */
  readonly name: string
  /** What it waits for, a line each; empty when it is in order. Called often: from memory, without waiting. */
  pendingReasons(): readonly string[]
}

/** How often readiness is looked at where nobody asks, so that log and metric tell of a change soon. */
const OBSERVATION_INTERVAL_MS = 1_000

/**
 * Whether requests may come: the sum of all checks, and no again once the process is to end.
 *
 * Each change is logged once and sets the metric `ready`.
 */
export class Health {
  readonly #checks: readonly ReadinessCheck[]
  readonly #logger: Logger
  readonly #metrics: Pick<Metrics, 'ready'>
  #isReady: boolean | undefined
  #lastingReasons: readonly string[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(options: {
    readonly checks: readonly ReadinessCheck[]
    readonly logger: Logger
    readonly metrics: Pick<Metrics, 'ready'>
  }) {
    this.#checks = options.checks
    this.#logger = options.logger
    this.#metrics = options.metrics
  }

  /** Observes readiness now and then until `close`; does not keep the process alive. */
  start(intervalMs = OBSERVATION_INTERVAL_MS): void {
    this.#timer = setInterval(() => this.findPendingReasons(), intervalMs).unref()
    this.findPendingReasons()
  }

  /** Why requests should not come, a line each: empty when ready. */
  findPendingReasons(): readonly string[] {
    const reasons = [
      ...this.#lastingReasons,
      ...this.#checks.flatMap((check) => check.pendingReasons().map((reason) => `${check.name}: ${reason}`)),
    ]
    this.#observe(reasons)
    return reasons
  }

  /** From now on not ready, whatever the checks say. */
  beginDraining(): void {
    this.#lastingReasons = ['draining: the process is about to end']
    this.findPendingReasons()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #observe(reasons: readonly string[]): void {
    const isReady = reasons.length === 0
    if (isReady === this.#isReady) return
    this.#isReady = isReady
    this.#metrics.ready.set(isReady ? 1 : 0)
    if (isReady) this.#logger.info('ready')
    else this.#logger.warn({ reasons }, 'not ready')
  }
}
