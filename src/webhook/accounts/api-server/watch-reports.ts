import { ApiError, describeError } from '../../../kubernetes/api-error.ts'
import type { ApiObject } from '../../../kubernetes/api-object.ts'
import type { ReflectorObserver, RestartCause } from '../../../kubernetes/reflected-resource.ts'
import type { Timing } from '../../../kubernetes/timing.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'

/** A failure that goes on is told again this often, not at every try. */
const REPEAT_AFTER_MS = 30_000

/** What is watched, by its name in metrics and the log: `configmaps` is the ConfigMap of mappings. */
export type WatchName = 'serviceaccounts' | 'configmaps' | 'container_credentials'

/** Tells in logs and metrics how the reading of one resource goes. */
export class WatchReports implements ReflectorObserver {
  readonly #resource: WatchName
  readonly #logger: Logger
  readonly #metrics: Metrics
  readonly #timing: Timing
  #heardAtMs: number
  #failure: string | undefined
  /** Whether there is a line about the present failure, so that its end deserves one too. */
  #isFailureTold: boolean = false
  #told: { readonly failure: string; readonly atMs: number } | undefined

  constructor(options: {
    readonly resource: WatchName
    readonly logger: Logger
    readonly metrics: Metrics
    readonly timing: Timing
  }) {
    this.#resource = options.resource
    this.#logger = options.logger
    this.#metrics = options.metrics
    this.#timing = options.timing
    this.#heardAtMs = options.timing.nowMs()
    this.#setConnected(0)
  }

  /** Why nothing can be read now, as one line; undefined while all is well. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Seconds since anything was heard, or since the start. */
  get ageSeconds(): number {
    return (this.#timing.nowMs() - this.#heardAtMs) / 1000
  }

  connected(): void {
    this.#setConnected(1)
    const resource = this.#resource
    if (this.#isFailureTold)
      this.#logger.info({ resource }, 'the API server can be read again; the watch is connected')
    else this.#logger.debug({ resource }, 'the watch is connected')
    this.#failure = undefined
    this.#isFailureTold = false
  }

  disconnected(): void {
    this.#setConnected(0)
  }

  heard(): void {
    this.#heardAtMs = this.#timing.nowMs()
  }

  changed(object: ApiObject): void {
    const changedAtMs = findNewestChange(object)
    if (changedAtMs === undefined) return
    const lagSeconds = Math.max(this.#timing.wallTimeMs() - changedAtMs, 0) / 1000
    this.#metrics.watchLag.observe({ resource: this.#resource }, lagSeconds)
  }

  restarted(cause: RestartCause, error?: unknown): void {
    this.#metrics.watchRestarts.inc({ resource: this.#resource, cause })
    if (error === undefined) return
    const failure = describeError(error)
    this.#failure = failure
    const nowMs = this.#timing.nowMs()
    // Counts also after a recovery: a watch that comes and goes is one story, not a line each time.
    if (this.#told?.failure === failure && nowMs - this.#told.atMs < REPEAT_AFTER_MS) return
    this.#told = { failure, atMs: nowMs }
    this.#isFailureTold = true
    this.#logger.warn(
      { resource: this.#resource, cause, error: failure, remedy: findRemedy(this.#resource, error) },
      'reading from the API server was interrupted; trying again',
    )
  }

  #setConnected(value: 0 | 1): void {
    this.#metrics.watchConnected.set({ resource: this.#resource }, value)
  }
}

function findRemedy(resource: WatchName, error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return 'see whether the API server runs and can be reached from here'
  if (error.status === 401) return 'see whether the token of this process is one of that cluster'
  if (error.status === 403) {
    return resource === 'container_credentials'
      ? 'grant get, list and watch of that ConfigMap, as deploy/components/container-credentials does'
      : `grant get, list and watch of ${resource}, as deploy/auth.yaml does`
  }
  return undefined
}

/** When anything of the object was last set, in milliseconds since 1970, by whole seconds. */
function findNewestChange({ metadata }: ApiObject): number | undefined {
  const times = (metadata.managedFields ?? [])
    .map(({ time }) => Date.parse(time ?? ''))
    .filter((ms) => !Number.isNaN(ms))
  return times.length === 0 ? undefined : Math.max(...times)
}
