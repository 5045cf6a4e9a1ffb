import { Backoff } from '../../kubernetes/backoff.ts'
import type { Timing } from '../../kubernetes/timing.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { MetricsOf } from '../../telemetry/metrics.ts'
import type { Authorization } from '../plugin/authorization.ts'
import type { PULL_SECRET_METRICS } from './metric-table.ts'
import type { PullRegistry } from './pull-registry.ts'

/** ECR's own is twelve hours; for an answer that does not say. */
const ASSUMED_LIFE_MS = 3_600_000

/** No password is renewed sooner than this after it was had, however short its life. */
const LEAST_PAUSE_MS = 60_000

/** What passwords are kept with. */
export interface PasswordsOptions {
  readonly registries: readonly PullRegistry[]
  fetch(registry: PullRegistry, signal: AbortSignal): Promise<Authorization>
  /** Called when one was had. */
  onChange(): void
  readonly timing: Timing
  readonly logger: Logger
  readonly metrics: MetricsOf<typeof PULL_SECRET_METRICS>
}

/**
 * Keeps a password for each registry: renewed at half of its life, and tried again with backoff where that fails. What was had
 * stays until there is a newer one.
 */
export class Passwords {
  readonly #options: PasswordsOptions
  readonly #byHost = new Map<string, Authorization>()
  readonly #obtainedAtMs = new Map<string, number>()
  readonly #failures = new Map<string, string>()

  constructor(options: PasswordsOptions) {
    this.#options = options
  }

  /** Those that were had so far, by hosts. */
  get current(): ReadonlyMap<string, Authorization> {
    return this.#byHost
  }

  /** When the oldest of them was had, in milliseconds since 1970; undefined before the first. */
  get oldestAtMs(): number | undefined {
    return this.#obtainedAtMs.size === 0 ? undefined : Math.min(...this.#obtainedAtMs.values())
  }

  /** Hosts whose last request failed, with the causes. */
  get failures(): ReadonlyMap<string, string> {
    return this.#failures
  }

  /** Runs until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#options.registries.map((registry) => this.#keep(registry, signal)))
  }

  /** Asks once for each; resolves when all have answered or failed. */
  async fetchAll(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#options.registries.map((registry) => this.#tryFetch(registry, signal)))
  }

  async #keep(registry: PullRegistry, signal: AbortSignal): Promise<void> {
    const { timing } = this.#options
    const backoff = new Backoff(timing)
    while (!signal.aborted) {
      const authorization = await this.#tryFetch(registry, signal)
      if (authorization === undefined) {
        await backoff.pause(0, signal)
        continue
      }
      backoff.reset()
      const lifeMs = (authorization.expiresAt?.getTime() ?? Number.NaN) - timing.wallTimeMs()
      const halfMs = (Number.isNaN(lifeMs) ? ASSUMED_LIFE_MS : lifeMs) / 2
      await timing.wait(Math.max(halfMs, LEAST_PAUSE_MS), signal).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
    }
  }

  async #tryFetch(registry: PullRegistry, signal: AbortSignal): Promise<Authorization | undefined> {
    const { fetch, onChange, timing, logger, metrics } = this.#options
    const { host } = registry
    try {
      const authorization = await fetch(registry, signal)
      this.#byHost.set(host, authorization)
      this.#obtainedAtMs.set(host, timing.wallTimeMs())
      this.#failures.delete(host)
      metrics.requests.inc({ registry: host, result: 'success' })
      const { expiresAt } = authorization
      if (expiresAt !== undefined) metrics.expiry.set({ registry: host }, expiresAt.getTime() / 1000)
      logger.info({ registry: host, expiresAt: expiresAt?.toISOString() }, 'got a password')
      onChange()
      return authorization
    } catch (error) {
      if (signal.aborted) return undefined
      const reason = (error as Error).message
      this.#failures.set(host, reason)
      metrics.requests.inc({ registry: host, result: 'failure' })
      const kept = this.#byHost.get(host)?.expiresAt?.toISOString()
      logger.error({ registry: host, reason, keptUntil: kept }, 'got no password; trying again')
      return undefined
    }
  }
}
