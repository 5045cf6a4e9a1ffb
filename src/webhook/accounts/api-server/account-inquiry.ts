import type { Timing } from '../../../kubernetes/timing.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import type { Account } from '../../identity/account.ts'
import type { LookupOptions } from '../../serve-options.ts'
import type { AccountMappings } from '../account-mapping.ts'
import type { IdentityList } from '../identity-list.ts'
import type { AccountReads } from './account-reads.ts'
import type { AccountStore } from './account-store.ts'
import {
  type AccountWord,
  describeAccount,
  type FoundAccount,
  hasIdentity,
  hasOwnRole,
} from './known-account.ts'
import type { LiveConfigMap } from './live-config-map.ts'
import type { LookupReports } from './lookup-reports.ts'
import type { ReadPause } from './read-pause.ts'
import { type Failure, type Reading, type ReadingOptions, readFresh } from './reading.ts'

/** What an inquiry works with. */
export interface InquiryParts {
  readonly lookup: LookupOptions
  readonly store: AccountStore
  /** Whether the watch of ServiceAccounts is connected. */
  readonly isCurrent: () => boolean
  readonly reads: AccountReads
  readonly mappings: LiveConfigMap<AccountMappings> | undefined
  readonly identities: LiveConfigMap<IdentityList> | undefined
  /** What a file says. */
  readonly hasContainerCredentials: (namespace: string, name: string) => boolean
  readonly pause: ReadPause
  readonly reports: LookupReports
  readonly metrics: Metrics
  readonly timing: Timing
}

interface Readings {
  readonly account: Reading<AccountWord>
  readonly identities: Reading<IdentityList> | undefined
  readonly mappings: Reading<AccountMappings> | undefined
}

/** Asks the API server about one ServiceAccount, within a bound, with memory to fall back on. */
export class AccountInquiry {
  readonly #parts: InquiryParts

  constructor(parts: InquiryParts) {
    this.#parts = parts
  }

  /** Reads all that counts at once; the mappings later where only the answer shows that they count. Never rejects. */
  async ask(namespace: string, name: string): Promise<Account> {
    const { store, isCurrent, metrics, timing } = this.#parts
    const startedAtMs = timing.nowMs()
    const remembered = store.find(namespace, name, isCurrent())
    const isMappingLikely = remembered !== undefined && !hasOwnRole(remembered)
    const readMappings = () => this.#readConfigMap(this.#parts.mappings, startedAtMs)

    const accountReading = this.#readAccount(namespace, name, remembered)
    const identitiesReading = this.#readConfigMap(this.#parts.identities, startedAtMs)
    const mappingsReading = isMappingLikely ? readMappings() : undefined

    const account = await accountReading
    const identities = await identitiesReading
    const isMappingUsed = account.source !== 'none' && !hasOwnRole(account.value.found)
    const mappings = isMappingUsed ? await (mappingsReading ?? readMappings()) : undefined

    const answer = this.#conclude(namespace, name, { account, identities, mappings })
    const result = answer.state === 'unavailable' ? 'unavailable' : nameAccountResult(account)
    metrics.accountLookups.inc({ result })
    metrics.accountLookupDuration.observe({ result }, (timing.nowMs() - startedAtMs) / 1000)
    return answer
  }

  async #readAccount(
    namespace: string,
    name: string,
    remembered: FoundAccount | undefined,
  ): Promise<Reading<AccountWord>> {
    const { lookup, store, reads, reports } = this.#parts
    if (lookup.mode === 'cached' && remembered !== undefined)
      return { source: 'store', value: { found: remembered, memoryVersion: store.resourceVersion } }
    const reading = await this.#read('serviceaccounts', {
      join: () => reads.join(namespace, name),
      remember: () => {
        const found = store.findStale(namespace, name)
        return found && { found, memoryVersion: store.resourceVersion }
      },
      boundMs: this.#chooseBoundMs(remembered !== undefined),
    })
    reports.note('service_accounts', reading)
    return reading
  }

  /** `startedAtMs`: when the whole inquiry began, whose time it shares. */
  async #readConfigMap<Content>(
    configMap: LiveConfigMap<Content> | undefined,
    startedAtMs: number,
  ): Promise<Reading<Content> | undefined> {
    if (configMap === undefined) return undefined
    const { lookup, reports, metrics, timing } = this.#parts
    const { source, content } = configMap
    if (lookup.mode === 'cached' && content !== undefined) return { source: 'store', value: content }
    const leftMs = Math.max(startedAtMs + lookup.missTimeoutMs - timing.nowMs(), 0)
    const boundMs = this.#chooseBoundMs(content !== undefined && configMap.isConnected)
    const reading = await this.#read('configmaps', {
      join: () => configMap.join(),
      remember: () => configMap.content,
      boundMs: Math.min(boundMs, leftMs),
    })
    reports.note(source, reading)
    metrics.configMapLookups.inc({ source, result: nameResult(reading) })
    return reading
  }

  /** `strict` takes memory's word only where it must, so it waits longer for the API server's. */
  #chooseBoundMs(isMemoryGood: boolean): number {
    const { mode, timeoutMs, missTimeoutMs } = this.#parts.lookup
    return mode === 'fresh' && isMemoryGood ? timeoutMs : missTimeoutMs
  }

  #read<Value>(
    resource: 'serviceaccounts' | 'configmaps',
    { join, remember, boundMs }: Omit<ReadingOptions<Value>, 'pause'>,
  ): Promise<Reading<Value>> {
    const { pause, metrics } = this.#parts
    const joinAndCount = () => {
      const read = join()
      if (read.isShared) metrics.lookupRequestsSaved.inc({ resource })
      return read
    }
    return readFresh({ join: joinAndCount, remember, boundMs, pause })
  }

  #conclude(namespace: string, name: string, { account, identities, mappings }: Readings): Account {
    const list = identities?.source === 'none' ? undefined : identities?.value
    const isListedForContainerCredentials =
      this.#parts.hasContainerCredentials(namespace, name) || list?.has(`${namespace}/${name}`) === true
    const giveUp = (cause: string): Account => ({
      state: 'unavailable',
      cause,
      hasContainerCredentials: isListedForContainerCredentials,
    })
    if (account.source === 'none') return giveUp(account.cause)
    if (identities?.source === 'none')
      return giveUp(this.#parts.identities?.pendingReason ?? identities.cause)
    if (mappings?.source === 'none') return giveUp(this.#parts.mappings?.pendingReason ?? mappings.cause)
    const answer = describeAccount(namespace, name, {
      found: account.value.found,
      readVersion: isAllRead([account, identities, mappings]) ? account.value.resourceVersion : undefined,
      memoryVersion: account.value.memoryVersion ?? account.value.resourceVersion,
      mappings: mappings?.value,
      isListedForContainerCredentials,
    })
    if (this.#parts.lookup.mode !== 'strict' || hasIdentity(answer)) return answer
    // `strict` is there to prevent pods without their credentials, and memory may not know of them yet.
    const doubtful = [account, identities, mappings].find((reading) => reading?.source === 'memory')
    return doubtful?.source === 'memory' ? giveUp(doubtful.cause) : answer
  }
}

/** Whether the API server answered all that was asked; what was not asked does not count. */
function isAllRead(readings: readonly (Reading<unknown> | undefined)[]): boolean {
  return readings.every((reading) => reading === undefined || reading.source === 'api-server')
}

/** The value of the label `result`: where an answer was from or, where it was memory's, why it had to be. */
export type LookupResult = 'memory' | 'fetched' | 'absent' | 'unavailable' | Failure

function nameAccountResult(reading: Reading<AccountWord>): LookupResult {
  return reading.source === 'api-server' && reading.value.found === 'absent' ? 'absent' : nameResult(reading)
}

function nameResult(reading: Reading<unknown>): LookupResult {
  switch (reading.source) {
    case 'api-server':
      return 'fetched'
    case 'store':
      return 'memory'
    case 'memory':
      return reading.why
    case 'none':
      return 'unavailable'
  }
}
