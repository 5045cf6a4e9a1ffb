import type { Timing } from '../../../kubernetes/timing.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { ConfigMapKind } from './config-map-content.ts'
import type { Reading } from './reading.ts'

/** A lookup that goes wrong in one way is told again this often, not with every pod. */
const REPEAT_AFTER_MS = 60_000

/** What is looked up: ServiceAccounts, or a ConfigMap by its name in metrics. */
export type LookupSubject = 'service_accounts' | ConfigMapKind<unknown>['source']

const OBJECTS: Readonly<Record<LookupSubject, string>> = {
  service_accounts: 'ServiceAccounts',
  config_map: 'the ConfigMap of mappings',
  container_credentials: 'the ConfigMap of container credentials',
}

/** Tells in the log, once a minute for each way, that reads of the API server did not answer. */
export class LookupReports {
  readonly #logger: Logger
  readonly #timing: Timing
  readonly #untold = new Map<string, { count: number; toldAtMs: number }>()

  constructor(options: { readonly logger: Logger; readonly timing: Timing }) {
    this.#logger = options.logger
    this.#timing = options.timing
  }

  /** Takes note of a reading; one that the API server answered needs no word. */
  note(subject: LookupSubject, reading: Reading<unknown>): void {
    if (reading.source !== 'memory' && reading.source !== 'none') return
    const { source, why, cause } = reading
    const key = `${subject} ${source} ${why}`
    const nowMs = this.#timing.nowMs()
    const untold = this.#untold.get(key) ?? { count: 0, toldAtMs: Number.NEGATIVE_INFINITY }
    this.#untold.set(key, untold)
    untold.count++
    if (nowMs - untold.toldAtMs < REPEAT_AFTER_MS) return
    const what =
      source === 'memory'
        ? 'could not be read for a pod; what was known of them counts'
        : 'could not be read for a pod, and nothing is known of them'
    this.#logger.warn({ result: why, cause, lookups: untold.count }, `${OBJECTS[subject]} ${what}`)
    this.#untold.set(key, { count: 0, toldAtMs: nowMs })
  }
}
