import { describeError } from '../../../kubernetes/api-error.ts'
import { type ApiObject, isAtLeastVersion } from '../../../kubernetes/api-object.ts'
import type { ReflectedStore, Replacement } from '../../../kubernetes/reflected-resource.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'

/** A ConfigMap that says who gets what: where it is, and how its text is read. */
export interface ConfigMapKind<Content> {
  /** Its name in metrics. */
  readonly source: 'config_map' | 'container_credentials'
  readonly namespace: string
  readonly name: string
  /** The key of its data that counts. */
  readonly key: string
  /** What applies where there is no such ConfigMap, or no such key in it. */
  readonly nothing: Content
  /** Bad entries are left out and named. @throws {Error} where nothing of the text can be used */
  readonly parse: (text: string) => { readonly content: Content; readonly problems: readonly string[] }
}

/**
 * What a ConfigMap says, as list, watch and single GETs told; of one that cannot be read, what it last said.
 *
 * Of two tidings the one with the later resourceVersion counts.
 */
export class ConfigMapContent<Content> implements ReflectedStore {
  readonly kind: ConfigMapKind<Content>
  readonly #logger: Logger
  readonly #metrics: Metrics
  #content: Content
  #text: string | undefined
  #resourceVersion: string | undefined

  constructor(options: {
    readonly kind: ConfigMapKind<Content>
    readonly logger: Logger
    readonly metrics: Metrics
  }) {
    this.kind = options.kind
    this.#logger = options.logger
    this.#metrics = options.metrics
    this.#content = options.kind.nothing
  }

  /** What it says, once that was read; undefined before. */
  get content(): Content | undefined {
    return this.#text === undefined ? undefined : this.#content
  }

  /** Whether what is known of it is as new as this resourceVersion. */
  isAtLeast(resourceVersion: string): boolean {
    return this.#resourceVersion !== undefined && isAtLeastVersion(this.#resourceVersion, resourceVersion)
  }

  /** Takes in the object, unless a later one is known. */
  upsert(object: ApiObject): void {
    const { resourceVersion } = object.metadata
    if (this.#isOutdated(resourceVersion)) return
    this.#resourceVersion = resourceVersion
    this.#load(object.data?.[this.kind.key] ?? '')
  }

  /** Takes in that it was deleted, unless a later one is known. */
  remove(object: ApiObject): void {
    if (!this.#isOutdated(object.metadata.resourceVersion)) this.noteAbsent()
  }

  /** Takes in that a GET found none. */
  noteAbsent(): void {
    this.#resourceVersion = undefined
    this.#load('')
  }

  beginReplacement(): Replacement {
    let found: ApiObject | undefined
    return {
      add: (objects) => {
        found = objects[0] ?? found
      },
      // Whatever its resourceVersion: they start again where etcd was restored from a backup.
      commit: () => {
        this.#resourceVersion = undefined
        if (found === undefined) this.noteAbsent()
        else this.upsert(found)
      },
    }
  }

  advance(): void {}

  #isOutdated(resourceVersion: string): boolean {
    return this.#resourceVersion !== undefined && !isAtLeastVersion(resourceVersion, this.#resourceVersion)
  }

  #load(text: string): void {
    if (text === this.#text) return
    this.#text = text
    const { name, key, source, parse } = this.kind
    try {
      const { content, problems } = parse(text)
      this.#content = content
      for (const problem of problems) {
        this.#logger.error({ problem }, `an entry of the ConfigMap ${name} is left out`)
      }
      this.#metrics.configBadEntries.set({ source }, problems.length)
      this.#metrics.configReloads.inc({ source, result: 'success' })
    } catch (error) {
      // No pod is held back for it: a slip of the pen there is not the end of what was good before.
      this.#logger.error(
        { problem: `${key} ${describeError(error)}` },
        `the ConfigMap ${name} cannot be read; its last good content stays`,
      )
      this.#metrics.configReloads.inc({ source, result: 'failure' })
    }
  }
}
