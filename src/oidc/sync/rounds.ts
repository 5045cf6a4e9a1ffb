import { Backoff } from '../../kubernetes/backoff.ts'
import type { Timing } from '../../kubernetes/timing.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { MetricsOf } from '../../telemetry/metrics.ts'
import type { SigningKey } from '../documents/signing-key.ts'
import type { Publication } from '../publishing/publication.ts'
import type { SYNC_METRICS } from './metric-table.ts'

/** A tenth of the interval more or less, so that many clusters do not ask S3 in step. */
const JITTER = 0.1

/** What rounds are made of. */
export interface RoundsOptions {
  readKeys(signal: AbortSignal): Promise<readonly SigningKey[]>
  plan(keys: readonly SigningKey[]): Promise<Publication>
  readonly intervalMs: number
  readonly timing: Timing
  readonly logger: Logger
  readonly metrics: MetricsOf<typeof SYNC_METRICS>
}

/** Publishes what the cluster has, round after round. */
export class Rounds {
  readonly #options: RoundsOptions
  readonly #backoff: Backoff
  #failure: string | undefined = 'nothing is published yet'

  constructor(options: RoundsOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.timing)
  }

  /** Why what is published may not be what the cluster has; `undefined` where the last round was well. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Runs until `signal` is aborted, the first round at once. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isDone = await this.#tryRound(signal)
      if (isDone) await this.#waitForNext(signal)
      else await this.#backoff.pause(0, signal)
    }
  }

  async #tryRound(signal: AbortSignal): Promise<boolean> {
    const { logger, metrics, timing } = this.#options
    try {
      await this.#runRound(signal)
      if (this.#failure !== undefined) logger.info('published what the cluster has')
      this.#failure = undefined
      this.#backoff.reset()
      metrics.rounds.inc({ result: 'success' })
      metrics.lastSuccess.set(timing.wallTimeMs() / 1000)
      return true
    } catch (error) {
      if (signal.aborted) return false
      this.#failure = (error as Error).message
      metrics.rounds.inc({ result: 'failure' })
      logger.error({ reason: this.#failure }, 'could not publish; trying again')
      return false
    }
  }

  async #runRound(signal: AbortSignal): Promise<void> {
    const { logger, metrics, readKeys, plan } = this.#options
    const { steps, retirement, check } = await plan(await readKeys(signal))
    for (const { action, resource, detail, apply } of steps) {
      await apply()
      metrics.changes.inc()
      logger.info({ action, resource, detail }, 'changed')
    }
    const { keys, retiring } = retirement
    metrics.keys.set({ state: 'current' }, keys.length - retiring.length)
    metrics.keys.set({ state: 'retiring' }, retiring.length)
    await check()
  }

  async #waitForNext(signal: AbortSignal): Promise<void> {
    const { intervalMs, timing } = this.#options
    const factor = 1 + JITTER * (2 * timing.random() - 1)
    await timing.wait(intervalMs * factor, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }
}
