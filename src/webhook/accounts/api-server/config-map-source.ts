import { describeError } from '../../../kubernetes/api-error.ts'
import type { ApiObject } from '../../../kubernetes/api-object.ts'
import type { ReflectedStore, Replacement } from '../../../kubernetes/reflected-resource.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import {
  type AccountMappings,
  MAPPINGS_KEY,
  MAPPINGS_NAME,
  NO_MAPPINGS,
  parseAccountMappings,
} from '../account-mapping.ts'

/** The mappings of the ConfigMap as it is now; of one that cannot be read, as it last could. */
export class ConfigMapSource implements ReflectedStore {
  readonly #logger: Logger
  readonly #metrics: Metrics
  readonly #waiting = new Set<() => void>()
  #mappings: AccountMappings = NO_MAPPINGS
  #text: string | undefined
  #isRead: boolean = false

  constructor(options: { readonly logger: Logger; readonly metrics: Metrics }) {
    this.#logger = options.logger
    this.#metrics = options.metrics
  }

  get mappings(): AccountMappings {
    return this.#mappings
  }

  /** Whether it is known what the ConfigMap says, or that there is none. */
  get isRead(): boolean {
    return this.#isRead
  }

  /** Waits for that, no longer than until `deadline` is aborted. */
  async waitUntilRead(deadline: AbortSignal): Promise<boolean> {
    if (this.#isRead || deadline.aborted) return this.#isRead
    await new Promise<void>((resolve) => {
      this.#waiting.add(resolve)
      const giveUp = () => {
        this.#waiting.delete(resolve)
        resolve()
      }
      deadline.addEventListener('abort', giveUp, { once: true })
    })
    return this.#isRead
  }

  beginReplacement(): Replacement {
    let found: ApiObject | undefined
    return {
      add: (objects) => {
        found = objects[0] ?? found
      },
      commit: () => this.#load(found),
    }
  }

  upsert(object: ApiObject): void {
    this.#load(object)
  }

  remove(): void {
    this.#load(undefined)
  }

  advance(): void {}

  #load(object: ApiObject | undefined): void {
    const text = object?.data?.[MAPPINGS_KEY] ?? ''
    if (text === this.#text) return
    this.#text = text
    try {
      const { mappings, problems } = parseAccountMappings(text)
      this.#mappings = mappings
      for (const problem of problems) {
        this.#logger.error({ problem }, `an entry of the ConfigMap ${MAPPINGS_NAME} is left out`)
      }
      this.#metrics.configBadEntries.set({ source: 'config_map' }, problems.length)
      this.#metrics.configReloads.inc({ source: 'config_map', result: 'success' })
    } catch (error) {
      this.#logger.error(
        { problem: `${MAPPINGS_KEY} ${describeError(error)}`, entries: this.#mappings.size },
        `the ConfigMap ${MAPPINGS_NAME} cannot be read; its last good content stays`,
      )
      this.#metrics.configReloads.inc({ source: 'config_map', result: 'failure' })
    }
    // Also where it cannot be read: a slip of the pen there must not hold back every pod of the cluster.
    this.#isRead = true
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
