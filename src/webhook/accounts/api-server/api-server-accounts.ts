import type { ApiClient } from '../../../kubernetes/api-client.ts'
import { METADATA_ONLY, WHOLE_OBJECTS } from '../../../kubernetes/reflected-resource.ts'
import { Reflector } from '../../../kubernetes/reflector.ts'
import type { Timing } from '../../../kubernetes/timing.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import { createTally, runBeforeScrape, type Tally } from '../../../telemetry/tally.ts'
import type { Account, AccountAnnotations } from '../../identity/account.ts'
import { MAPPINGS_NAME } from '../account-mapping.ts'
import type { Accounts } from '../accounts.ts'
import { AccountLookups } from './account-lookups.ts'
import { AccountStore } from './account-store.ts'
import { ConfigMapSource } from './config-map-source.ts'
import { WatchReports } from './watch-reports.ts'

/** A fifth of the 5 s that the API server waits for a webhook as it is deployed. */
const SHORTEST_LOOKUP_TIMEOUT_MS = 1_000

/** How long a lookup may take: 1 s, or `--service-account-lookup-grace-period` where that is longer. */
export function chooseLookupTimeoutMs(gracePeriodMs: number): number {
  return Math.max(gracePeriodMs, SHORTEST_LOOKUP_TIMEOUT_MS)
}

/** What is read, and as whom. */
export interface ApiServerAccountsOptions {
  /** Stays open at `close`: others may use it. */
  readonly client: ApiClient
  readonly annotationPrefix: string
  /** The namespace of the ConfigMap; absent where none is watched. */
  readonly configMapNamespace: string | undefined
  readonly hasContainerCredentials: (namespace: string, name: string) => boolean
  /** As {@link chooseLookupTimeoutMs} says. */
  readonly lookupTimeoutMs: number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly timing: Timing
}

/** ServiceAccounts and the ConfigMap as the API server has them. */
export class ApiServerAccounts implements Accounts {
  readonly #options: ApiServerAccountsOptions
  readonly #lookups: AccountLookups
  readonly #store: AccountStore
  readonly #accountReports: WatchReports
  readonly #accountReflector: Reflector
  readonly #configMap: ReflectedConfigMap | undefined
  readonly #countMemoryLookup: Tally

  constructor(options: ApiServerAccountsOptions) {
    const { client, timing, logger, metrics } = options
    this.#options = options
    this.#lookups = new AccountLookups({ client, timeoutMs: options.lookupTimeoutMs })
    this.#store = new AccountStore({ prefix: options.annotationPrefix, nowMs: () => timing.nowMs() })
    this.#accountReports = new WatchReports({ resource: 'serviceaccounts', logger, metrics, timing })
    this.#accountReflector = new Reflector({
      client,
      resource: { path: '/api/v1/serviceaccounts', accept: METADATA_ONLY },
      store: this.#store,
      observer: this.#accountReports,
      timing,
    })
    this.#configMap =
      options.configMapNamespace === undefined
        ? undefined
        : reflectConfigMap(options, options.configMapNamespace)
    this.#countMemoryLookup = createTally(metrics.accountLookups, { result: 'memory' })
    runBeforeScrape(metrics.watchAge, () => this.#measureAge())
    runBeforeScrape(metrics.cachedAccounts, () => this.#countAccounts())
  }

  /** Resolves at once; what cannot be read yet is tried until it can. */
  start(): Promise<void> {
    this.#accountReflector.start()
    this.#configMap?.reflector.start()
    return Promise.resolve()
  }

  async close(): Promise<void> {
    await Promise.all([this.#accountReflector.close(), this.#configMap?.reflector.close()])
  }

  pendingReasons(): readonly string[] {
    const reasons: string[] = []
    if (!this.#store.isListed) {
      reasons.push(explain(ACCOUNTS_PENDING, this.#accountReports))
    }
    if (this.#configMap?.source.isRead === false) {
      reasons.push(explain(CONFIG_MAP_PENDING, this.#configMap.reports))
    }
    return reasons
  }

  describe(): unknown {
    const { table } = this.#store
    return {
      source: 'api-server',
      isConnected: this.#accountReflector.isConnected,
      serviceAccounts: table.size,
      annotated: [...table.annotated()].map(([namespace, name, annotations]) => ({
        namespace,
        name,
        ...annotations,
      })),
      configMap: Object.fromEntries(this.#configMap?.source.mappings ?? []),
    }
  }

  find(namespace: string, name: string): Account | Promise<Account> {
    const believed = this.#store.find(namespace, name, this.#accountReflector.isConnected)
    if (believed === undefined || !this.#isMappingKnown(believed))
      return this.#findByAsking(namespace, name, believed)
    this.#countMemoryLookup()
    return this.#answer(namespace, name, believed)
  }

  async #findByAsking(
    namespace: string,
    name: string,
    believed: AccountAnnotations | 'absent' | undefined,
  ): Promise<Account> {
    const { metrics, timing } = this.#options
    const startedAtMs = timing.nowMs()
    const { result, account } = await this.#ask(namespace, name, believed)
    metrics.accountLookups.inc({ result })
    if (result !== 'memory') {
      metrics.accountLookupDuration.observe({ result }, (timing.nowMs() - startedAtMs) / 1000)
    }
    return account
  }

  async #ask(namespace: string, name: string, believed: AccountAnnotations | 'absent' | undefined) {
    const deadline = AbortSignal.timeout(this.#options.lookupTimeoutMs)
    const found =
      believed === undefined
        ? await this.#fetch(namespace, name)
        : { result: 'memory' as const, value: believed }
    if (found.result === 'unavailable') return this.#giveUp(namespace, name, found.cause)
    if (!this.#isMappingKnown(found.value)) await this.#configMap?.source.waitUntilRead(deadline)
    return this.#isMappingKnown(found.value)
      ? { result: found.result, account: this.#answer(namespace, name, found.value) }
      : this.#giveUp(namespace, name, explain(CONFIG_MAP_PENDING, this.#configMap?.reports))
  }

  async #fetch(namespace: string, name: string) {
    const lookup = await this.#lookups.find(namespace, name)
    if (lookup.state === 'found') {
      const annotations = this.#store.noteFetched(lookup.object, this.#accountReflector.isConnected)
      return { result: 'fetched' as const, value: annotations }
    }
    if (lookup.state === 'absent') {
      this.#store.noteAbsent(namespace, name)
      return { result: 'absent' as const, value: 'absent' as const }
    }
    // What was true when the API server was last heard is true more often than not; a pod without its role never works.
    const stale = this.#store.findStale(namespace, name)
    if (stale !== undefined) return { result: 'memory' as const, value: stale }
    return { result: 'unavailable' as const, cause: lookup.cause }
  }

  /** An account's own role wins over any mapping, so for it there is nothing to wait for. */
  #isMappingKnown(found: AccountAnnotations | 'absent'): boolean {
    return (
      this.#configMap === undefined ||
      this.#configMap.source.isRead ||
      (found !== 'absent' && found.role !== '')
    )
  }

  #answer(namespace: string, name: string, found: AccountAnnotations | 'absent'): Account {
    const mapping = this.#configMap?.source.mappings.find(namespace, name)
    const hasContainerCredentials = this.#options.hasContainerCredentials(namespace, name)
    return found === 'absent'
      ? { state: 'absent', mapping, hasContainerCredentials }
      : { state: 'known', annotations: found, mapping, hasContainerCredentials }
  }

  #giveUp(namespace: string, name: string, cause: string) {
    const hasContainerCredentials = this.#options.hasContainerCredentials(namespace, name)
    const account: Account = { state: 'unavailable', cause, hasContainerCredentials }
    return { result: 'unavailable' as const, account }
  }

  #measureAge(): void {
    const { watchAge } = this.#options.metrics
    watchAge.set({ resource: 'serviceaccounts' }, this.#accountReports.ageSeconds)
    if (this.#configMap !== undefined)
      watchAge.set({ resource: 'configmaps' }, this.#configMap.reports.ageSeconds)
  }

  #countAccounts(): void {
    const { cachedAccounts } = this.#options.metrics
    const { size, annotatedSize } = this.#store.table
    cachedAccounts.set({ annotated: 'true' }, annotatedSize)
    cachedAccounts.set({ annotated: 'false' }, size - annotatedSize)
  }
}

interface ReflectedConfigMap {
  readonly source: ConfigMapSource
  readonly reports: WatchReports
  readonly reflector: Reflector
}

function reflectConfigMap(options: ApiServerAccountsOptions, namespace: string): ReflectedConfigMap {
  const source = new ConfigMapSource(options)
  const reports = new WatchReports({ ...options, resource: 'configmaps' })
  const resource = {
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`,
    fieldSelector: `metadata.name=${MAPPINGS_NAME}`,
    accept: WHOLE_OBJECTS,
  }
  return {
    source,
    reports,
    reflector: new Reflector({ ...options, resource, store: source, observer: reports }),
  }
}

const ACCOUNTS_PENDING = 'ServiceAccounts have not been listed yet'
const CONFIG_MAP_PENDING = 'the ConfigMap has not been read yet'

function explain(pending: string, reports: WatchReports | undefined): string {
  return reports?.failure === undefined ? pending : `${pending}: ${reports.failure}`
}
