import type { ApiClient } from '../../../kubernetes/api-client.ts'
import { WHOLE_OBJECTS } from '../../../kubernetes/reflected-resource.ts'
import { Reflector } from '../../../kubernetes/reflector.ts'
import type { Timing } from '../../../kubernetes/timing.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import { ConfigMapContent, type ConfigMapKind } from './config-map-content.ts'
import { canExist, readObject } from './object-read.ts'
import type { ReadResult } from './reading.ts'
import { type SharedRead, SharedReads } from './shared-reads.ts'
import { type WatchName, WatchReports } from './watch-reports.ts'

/** What a ConfigMap is kept current with. */
export interface LiveConfigMapOptions {
  readonly client: ApiClient
  /** For one GET, in milliseconds. */
  readonly readTimeoutMs: number
  readonly closing: AbortSignal
  readonly logger: Logger
  readonly metrics: Metrics
  readonly timing: Timing
}

/** One ConfigMap, watched, and read anew for whoever must know what it says now. */
export class LiveConfigMap<Content> {
  readonly #options: LiveConfigMapOptions
  readonly #content: ConfigMapContent<Content>
  readonly #reports: WatchReports
  readonly #reflector: Reflector
  readonly #reads: SharedReads<ReadResult<Content>>

  constructor(kind: ConfigMapKind<Content>, options: LiveConfigMapOptions) {
    this.#options = options
    this.#content = new ConfigMapContent({ ...options, kind })
    this.#reports = new WatchReports({ ...options, resource: this.watchName })
    this.#reflector = new Reflector({
      ...options,
      resource: {
        path: `/api/v1/namespaces/${encodeURIComponent(kind.namespace)}/configmaps`,
        fieldSelector: `metadata.name=${kind.name}`,
        accept: WHOLE_OBJECTS,
      },
      store: this.#content,
      observer: this.#reports,
    })
    this.#reads = new SharedReads({ read: () => this.#read(), maxInFlight: 1 })
  }

  /** What its watch is called in metrics and the log. */
  get watchName(): WatchName {
    return this.source === 'config_map' ? 'configmaps' : 'container_credentials'
  }

  get source(): ConfigMapKind<Content>['source'] {
    return this.#content.kind.source
  }

  /** What it last said; undefined until it was read. */
  get content(): Content | undefined {
    return this.#content.content
  }

  get isRead(): boolean {
    return this.content !== undefined
  }

  /** Whether changes arrive as they happen. */
  get isConnected(): boolean {
    return this.#reflector.isConnected
  }

  /** Seconds since its watch was heard of. */
  get watchAgeSeconds(): number {
    return this.#reports.ageSeconds
  }

  /** Why it is not known yet what it says, as one line; undefined once it is. */
  get pendingReason(): string | undefined {
    if (this.content !== undefined) return undefined
    const pending = `the ConfigMap ${this.#content.kind.name} has not been read yet`
    return this.#reports.failure === undefined ? pending : `${pending}: ${this.#reports.failure}`
  }

  start(): void {
    this.#reflector.start()
  }

  async close(): Promise<void> {
    await this.#reflector.close()
  }

  /** Takes a place in a read that begins from now on. */
  join(): SharedRead<ReadResult<Content>> {
    return this.#reads.join(this.#content.kind.name)
  }

  /** Asks for its resourceVersion and, where that is news, for the whole: it may be as large as 1 MiB. */
  async #read(): Promise<ReadResult<Content>> {
    const content = this.#content
    const head = await this.#get({ isMetadataOnly: true })
    if (head.state === 'found' && !content.isAtLeast(head.object.metadata.resourceVersion)) {
      const whole = await this.#get({ isMetadataOnly: false })
      if (whole.state === 'found') content.upsert(whole.object)
      else if (whole.state === 'absent') content.noteAbsent()
      else return whole
    } else if (head.state === 'absent') content.noteAbsent()
    else if (head.state !== 'found') return head
    return { state: 'read', value: content.content ?? content.kind.nothing }
  }

  #get({ isMetadataOnly }: { readonly isMetadataOnly: boolean }) {
    const { client, readTimeoutMs: timeoutMs, closing: signal, metrics } = this.#options
    const { namespace, name } = this.#content.kind
    if (!canExist(namespace, name)) return { state: 'absent' as const }
    metrics.lookupRequests.inc({ resource: 'configmaps' })
    return readObject(client, { resource: 'configmaps', namespace, name, isMetadataOnly, timeoutMs, signal })
  }
}
