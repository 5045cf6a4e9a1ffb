import type { ApiClient } from '../../../kubernetes/api-client.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import type { AccountStore } from './account-store.ts'
import type { AccountWord } from './known-account.ts'
import { canExist, readObject } from './object-read.ts'
import type { ReadResult } from './reading.ts'
import { type SharedRead, SharedReads } from './shared-reads.ts'

/** As many as an API server bears from one of its many clients; each takes some milliseconds, so it is thousands a second. */
const MAX_IN_FLIGHT = 50

const ABSENT: AccountWord = { found: 'absent' }

/** Reads of single ServiceAccounts, shared by those who ask for the same one; what they bring goes into the store. */
export class AccountReads {
  readonly #reads: SharedReads<ReadResult<AccountWord>>

  constructor(options: {
    readonly client: ApiClient
    readonly store: AccountStore
    /** Whether the watch is connected. */
    readonly isCurrent: () => boolean
    /** For one GET, in milliseconds. */
    readonly readTimeoutMs: number
    readonly closing: AbortSignal
    readonly metrics: Metrics
  }) {
    const { client, store, isCurrent, readTimeoutMs: timeoutMs, closing: signal, metrics } = options
    const read = async (key: string): Promise<ReadResult<AccountWord>> => {
      const [namespace = '', name = ''] = key.split('/')
      if (!canExist(namespace, name)) return { state: 'read', value: ABSENT }
      metrics.lookupRequests.inc({ resource: 'serviceaccounts' })
      const request = { resource: 'serviceaccounts', namespace, name, isMetadataOnly: true } as const
      const result = await readObject(client, { ...request, timeoutMs, signal })
      if (result.state === 'found') {
        const found = store.noteFetched(result.object, isCurrent())
        return { state: 'read', value: { found, resourceVersion: result.object.metadata.resourceVersion } }
      }
      if (result.state !== 'absent') return result
      store.noteAbsent(namespace, name)
      return { state: 'read', value: ABSENT }
    }
    this.#reads = new SharedReads({ read, maxInFlight: MAX_IN_FLIGHT })
  }

  /** Takes a place in a read that begins from now on. */
  join(namespace: string, name: string): SharedRead<ReadResult<AccountWord>> {
    return this.#reads.join(`${namespace}/${name}`)
  }
}
