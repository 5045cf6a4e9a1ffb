import type { ApiClient } from '../../../kubernetes/api-client.ts'
import { METADATA_ONLY } from '../../../kubernetes/reflected-resource.ts'
import { Reflector } from '../../../kubernetes/reflector.ts'
import type { Timing } from '../../../kubernetes/timing.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import { createTally, runBeforeScrape, type Tally } from '../../../telemetry/tally.ts'
import type { Account } from '../../identity/account.ts'
import type { LookupOptions } from '../../serve-options.ts'
import { type AccountMappings, MAPPINGS } from '../account-mapping.ts'
import type { Accounts } from '../accounts.ts'
import { IDENTITIES, type IdentityList } from '../identity-list.ts'
import { AccountInquiry } from './account-inquiry.ts'
import { AccountReads } from './account-reads.ts'
import { AccountStore } from './account-store.ts'
import { describeAccount, hasOwnRole } from './known-account.ts'
import { LiveConfigMap } from './live-config-map.ts'
import { LookupReports } from './lookup-reports.ts'
import { ReadPause } from './read-pause.ts'
import { WatchReports } from './watch-reports.ts'

/** What is read, and as whom. */
export interface ApiServerAccountsOptions {
  /** Stays open at `close`: others may use it. */
  readonly client: ApiClient
  readonly annotationPrefix: string
  /** The namespace of the ConfigMaps. */
  readonly namespace: string
  readonly isConfigMapWatched: boolean
  /** Name of the ConfigMap that lists who uses container credentials; absent where none does. */
  readonly containerCredentialsConfigMap: string | undefined
  /** What a file says of that. */
  readonly hasContainerCredentials: (namespace: string, name: string) => boolean
  readonly lookup: LookupOptions
  readonly logger: Logger
  readonly metrics: Metrics
  readonly timing: Timing
}

/** ServiceAccounts and ConfigMaps as the API server has them: watched and, unless `cached` is asked for, read anew for each pod. */
export class ApiServerAccounts implements Accounts {
  readonly #options: ApiServerAccountsOptions
  readonly #store: AccountStore
  readonly #reports: WatchReports
  readonly #reflector: Reflector
  readonly #mappings: LiveConfigMap<AccountMappings> | undefined
  readonly #identities: LiveConfigMap<IdentityList> | undefined
  readonly #inquiry: AccountInquiry
  readonly #countStoreLookup: Tally
  readonly #closing = new AbortController()

  constructor(options: ApiServerAccountsOptions) {
    const { client, timing, metrics, namespace, lookup, containerCredentialsConfigMap: listName } = options
    const nowMs = () => timing.nowMs()
    const isCurrent = () => this.#reflector.isConnected
    const reading = { ...options, readTimeoutMs: lookup.missTimeoutMs, closing: this.#closing.signal }
    this.#options = options
    this.#store = new AccountStore({ prefix: options.annotationPrefix, nowMs })
    this.#reports = new WatchReports({ ...options, resource: 'serviceaccounts' })
    this.#reflector = new Reflector({
      client,
      resource: { path: '/api/v1/serviceaccounts', accept: METADATA_ONLY },
      store: this.#store,
      observer: this.#reports,
      timing,
    })
    this.#mappings = options.isConfigMapWatched
      ? new LiveConfigMap({ ...MAPPINGS, namespace }, reading)
      : undefined
    this.#identities =
      listName === undefined
        ? undefined
        : new LiveConfigMap({ ...IDENTITIES, namespace, name: listName }, reading)
    this.#inquiry = new AccountInquiry({
      ...options,
      store: this.#store,
      isCurrent,
      reads: new AccountReads({ ...reading, store: this.#store, isCurrent }),
      mappings: this.#mappings,
      identities: this.#identities,
      pause: new ReadPause({ nowMs }),
      reports: new LookupReports(options),
    })
    this.#countStoreLookup = createTally(metrics.accountLookups, { result: 'memory' })
    runBeforeScrape(metrics.watchAge, () => this.#measureAge())
    runBeforeScrape(metrics.cachedAccounts, () => this.#countAccounts())
  }

  /** Resolves at once; what cannot be read yet is tried until it can. */
  start(): Promise<void> {
    this.#reflector.start()
    for (const configMap of this.#configMaps()) configMap.start()
    return Promise.resolve()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([this.#reflector.close(), ...this.#configMaps().map((configMap) => configMap.close())])
  }

  pendingReasons(): readonly string[] {
    const { failure } = this.#reports
    const pending = `ServiceAccounts have not been listed yet${failure === undefined ? '' : `: ${failure}`}`
    const reasons = [
      this.#store.isListed ? undefined : pending,
      ...this.#configMaps().map(({ pendingReason }) => pendingReason),
    ]
    return reasons.filter((reason) => reason !== undefined)
  }

  describe(): unknown {
    const { table } = this.#store
    return {
      source: 'api-server',
      isConnected: this.#reflector.isConnected,
      serviceAccounts: table.size,
      annotated: [...table.annotated()].map(([namespace, name, annotations]) => ({
        namespace,
        name,
        ...annotations,
      })),
      configMap: Object.fromEntries(this.#mappings?.content ?? []),
      containerCredentials: [...(this.#identities?.content ?? [])],
    }
  }

  find(namespace: string, name: string): Account | Promise<Account> {
    return this.#recall(namespace, name) ?? this.#inquiry.ask(namespace, name)
  }

  /** What `cached` answers without asking, where all that counts can be believed. */
  #recall(namespace: string, name: string): Account | undefined {
    if (this.#options.lookup.mode !== 'cached') return undefined
    const found = this.#store.find(namespace, name, this.#reflector.isConnected)
    if (found === undefined) return undefined
    const mappings = hasOwnRole(found) ? undefined : this.#mappings
    const identities = this.#identities
    if (mappings?.isRead === false || identities?.isRead === false) return undefined
    this.#countStoreLookup()
    const isListedForContainerCredentials =
      this.#options.hasContainerCredentials(namespace, name) ||
      identities?.content?.has(`${namespace}/${name}`) === true
    return describeAccount(namespace, name, {
      found,
      mappings: mappings?.content,
      isListedForContainerCredentials,
    })
  }

  #configMaps(): readonly (LiveConfigMap<AccountMappings> | LiveConfigMap<IdentityList>)[] {
    return [this.#mappings, this.#identities].filter((configMap) => configMap !== undefined)
  }

  #measureAge(): void {
    const { watchAge } = this.#options.metrics
    watchAge.set({ resource: 'serviceaccounts' }, this.#reports.ageSeconds)
    for (const { watchName, watchAgeSeconds } of this.#configMaps())
      watchAge.set({ resource: watchName }, watchAgeSeconds)
  }

  #countAccounts(): void {
    const { cachedAccounts } = this.#options.metrics
    const { size, annotatedSize } = this.#store.table
    cachedAccounts.set({ annotated: 'true' }, annotatedSize)
    cachedAccounts.set({ annotated: 'false' }, size - annotatedSize)
  }
}
