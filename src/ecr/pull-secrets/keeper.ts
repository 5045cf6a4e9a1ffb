import { describeError } from '../../kubernetes/api-error.ts'
import { Backoff } from '../../kubernetes/backoff.ts'
import type { Timing } from '../../kubernetes/timing.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { MetricsOf } from '../../telemetry/metrics.ts'
import { type ClusterView, digestContent } from './cluster-view.ts'
import { writeDockerConfig } from './docker-config.ts'
import type { PULL_SECRET_METRICS } from './metric-table.ts'
import type { Passwords } from './passwords.ts'
import { planWrites, type Write } from './plan.ts'
import { makeWrite, type WriterOptions } from './writer.ts'

/** Writes under way at once: new passwords for hundreds of namespaces must not crowd out others at the API server. */
const CONCURRENCY = 8

/** What Secrets are kept with. */
export interface KeeperOptions extends WriterOptions {
  readonly view: ClusterView
  readonly passwords: Pick<Passwords, 'current' | 'oldestAtMs'>
  readonly globs: readonly string[]
  readonly areAccountsPatched: boolean
  readonly timing: Timing
  readonly logger: Logger
  readonly metrics: MetricsOf<typeof PULL_SECRET_METRICS>
}

/** Keeps the cluster's Secrets as they are wanted: looks again whenever it is told of a change. */
export class Keeper {
  readonly #options: KeeperOptions
  readonly #told = new Set<string>()
  #change = Promise.withResolvers<void>()
  #failure: string | undefined = 'no Secret was looked at yet'
  /** Of the last look. */
  #writeCount = 0

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** Why Secrets may not be as they are wanted; undefined where the last look was well. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Says that something changed: a look follows, one for all that is told in the meantime. */
  notify(): void {
    this.#change.resolve()
  }

  /** Runs until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(this.#options.timing)
    const stopped = whenAborted(signal)
    while (!signal.aborted) {
      this.#change = Promise.withResolvers<void>()
      const isDone = await this.#look(signal)
      if (isDone) {
        backoff.reset()
        await Promise.race([this.#change.promise, stopped])
      } else {
        await backoff.pause(0, signal)
      }
    }
    // Of now on another replica tells.
    for (const state of ['current', 'behind', 'foreign']) this.#options.metrics.secrets.set({ state }, 0)
  }

  /** Looks until there is nothing to write, within `withinMs`; whether that was reached. Never rejects. */
  async settle(withinMs: number, signal: AbortSignal): Promise<boolean> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
    const stopped = whenAborted(bounded)
    while (!bounded.aborted) {
      this.#change = Promise.withResolvers<void>()
      if (!(await this.#look(bounded))) return false
      if (this.#failure !== undefined || this.#writeCount > 0)
        await Promise.race([this.#change.promise, stopped])
      else return true
    }
    return false
  }

  /** Looks once and writes what is missing; whether all of it could be written. Never rejects. */
  async #look(signal: AbortSignal): Promise<boolean> {
    const { view, passwords, globs, areAccountsPatched, secretName, metrics } = this.#options
    const { namespaces, accounts, secrets } = view
    if (!namespaces.isListed || !accounts.isListed || !secrets.isListed) {
      this.#failure = 'the cluster is still being read'
      return true
    }
    const content = Buffer.from(writeDockerConfig(passwords.current)).toString('base64')
    const contentDigest = passwords.current.size === 0 ? undefined : digestContent(content)
    const situation = { namespaces: namespaces.all, accounts: accounts.all, secrets: secrets.all }
    const plan = planWrites({ ...situation, globs, areAccountsPatched, secretName, contentDigest })
    this.#tellForeign(plan.foreign)
    metrics.secrets.set({ state: 'current' }, plan.currentCount)
    metrics.secrets.set({ state: 'foreign' }, plan.foreign.length)
    metrics.secrets.set(
      { state: 'behind' },
      plan.writes.filter(({ operation }) => operation !== 'patch_account').length,
    )
    this.#writeCount = plan.writes.length
    const failure = await this.#writeAll(plan.writes, content, signal)
    this.#failure = failure ?? (contentDigest === undefined ? 'there is no password yet' : undefined)
    return failure === undefined
  }

  async #writeAll(
    writes: readonly Write[],
    content: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const waiting = [...writes]
    let failure: string | undefined
    const work = async () => {
      for (let write = waiting.shift(); write !== undefined && !signal.aborted; write = waiting.shift())
        failure = (await this.#tryWrite(write, content)) ?? failure
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, work))
    return failure
  }

  /** What failed, in one line. */
  async #tryWrite(write: Write, content: string): Promise<string | undefined> {
    const { logger, metrics } = this.#options
    const { operation } = write
    const where =
      write.operation === 'patch_account'
        ? { namespace: write.account.namespace, serviceAccount: write.account.name }
        : { namespace: write.namespace }
    try {
      if (!(await makeWrite(write, content, this.#options))) return undefined
      metrics.writes.inc({ operation, result: 'success' })
      logger.info({ operation, ...where }, 'written')
      return undefined
    } catch (error) {
      const reason = describeError(error)
      metrics.writes.inc({ operation, result: 'failure' })
      logger.error({ operation, ...where, reason }, 'could not be written; trying again')
      return reason
    }
  }

  /** Each once, as long as it stays so. */
  #tellForeign(namespaces: readonly string[]): void {
    const { logger, secretName } = this.#options
    for (const namespace of namespaces) {
      if (this.#told.has(namespace)) continue
      logger.warn(
        { namespace, secret: secretName },
        'somebody else has a Secret of this name, which is left as it is: delete it, or choose another --secret-name',
      )
    }
    this.#told.clear()
    for (const namespace of namespaces) this.#told.add(namespace)
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
