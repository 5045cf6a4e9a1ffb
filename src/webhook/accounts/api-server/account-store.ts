import { type ApiObject, isAtLeastVersion } from '../../../kubernetes/api-object.ts'
import type { ReflectedStore, Replacement } from '../../../kubernetes/reflected-resource.ts'
import type { AccountAnnotations } from '../../identity/account.ts'
import { parseAccountAnnotations } from '../../identity/annotations.ts'
import { AccountTable } from './account-table.ts'

/** How long a single GET is believed where no watch would tell of a change: a 404, or anything while the watch is away. */
const BELIEVED_MS = 1_000

/** What a GET brought that the watch had not told yet. */
interface FetchedAccount {
  readonly annotations: AccountAnnotations
  readonly resourceVersion: string
  readonly fetchedAtMs: number
  /** How many lists had begun by then. */
  readonly listCount: number
}

/**
 * What is known of ServiceAccounts: what list and watch told and, over it, what single GETs brought in the meantime.
 *
 * Of two tidings of one ServiceAccount the one with the later resourceVersion counts.
 */
export class AccountStore implements ReflectedStore {
  readonly #prefix: string
  readonly #nowMs: () => number
  #listed = new AccountTable()
  #listCount = 0
  /** Up to where list and watch have told; undefined before the first list. */
  #resourceVersion: string | undefined
  readonly #fetched = new Map<string, FetchedAccount>()
  /** Since when a GET's "not found" is believed, the oldest first. */
  readonly #absentSinceMs = new Map<string, number>()

  constructor(options: { readonly prefix: string; readonly nowMs: () => number }) {
    this.#prefix = options.prefix
    this.#nowMs = options.nowMs
  }

  /** Whether a list has been read to its end. */
  get isListed(): boolean {
    return this.#resourceVersion !== undefined
  }

  /** Up to where list and watch have told; undefined before the first list. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion
  }

  get table(): AccountTable {
    return this.#listed
  }

  /** What can be believed without asking; `isCurrent` says that the watch is connected. Undefined: nothing. */
  find(namespace: string, name: string, isCurrent: boolean): AccountAnnotations | 'absent' | undefined {
    const listed = isCurrent ? this.#listed.get(namespace, name) : undefined
    // Almost always so: the hot path builds no key.
    if (this.#fetched.size === 0 && this.#absentSinceMs.size === 0) return listed
    const key = `${namespace}/${name}`
    const fetched = this.#fetched.get(key)
    if (fetched !== undefined && (isCurrent || this.#isFresh(fetched.fetchedAtMs))) return fetched.annotations
    const absentSinceMs = this.#absentSinceMs.get(key)
    return absentSinceMs !== undefined && this.#isFresh(absentSinceMs) ? 'absent' : listed
  }

  /** What was last heard, however long ago. */
  findStale(namespace: string, name: string): AccountAnnotations | undefined {
    return this.#fetched.get(`${namespace}/${name}`)?.annotations ?? this.#listed.get(namespace, name)
  }

  /** Takes in what a GET brought and returns it parsed. */
  noteFetched(object: ApiObject, isCurrent: boolean): AccountAnnotations {
    const { name, namespace = '', resourceVersion } = object.metadata
    const annotations = this.#parse(object)
    const key = `${namespace}/${name}`
    this.#absentSinceMs.delete(key)
    const earlier = this.#fetched.get(key)
    // An answer may arrive after the watch's word of a later change.
    const isOutdated =
      isCurrent &&
      this.#resourceVersion !== undefined &&
      isAtLeastVersion(this.#resourceVersion, resourceVersion)
    const isOlder = earlier !== undefined && !isAtLeastVersion(resourceVersion, earlier.resourceVersion)
    if (!isOutdated && !isOlder) {
      this.#fetched.set(key, {
        annotations,
        resourceVersion,
        fetchedAtMs: this.#nowMs(),
        listCount: this.#listCount,
      })
    }
    return annotations
  }

  /** Takes in that a GET found nothing. */
  noteAbsent(namespace: string, name: string): void {
    const key = `${namespace}/${name}`
    this.#fetched.delete(key)
    this.#absentSinceMs.delete(key)
    this.#absentSinceMs.set(key, this.#nowMs())
    for (const [oldest, sinceMs] of this.#absentSinceMs) {
      if (this.#isFresh(sinceMs)) break
      this.#absentSinceMs.delete(oldest)
    }
  }

  beginReplacement(): Replacement {
    const table = new AccountTable()
    const listNumber = ++this.#listCount
    return {
      add: (objects) => {
        for (const object of objects) this.#put(table, object)
      },
      commit: (resourceVersion) => {
        this.#listed = table
        // A list knows what was read before it began, also where resourceVersions start again: etcd restored from a backup.
        for (const [key, { listCount }] of this.#fetched)
          if (listCount < listNumber) this.#fetched.delete(key)
        this.advance(resourceVersion)
      },
    }
  }

  upsert(object: ApiObject): void {
    this.#put(this.#listed, object)
    if (this.#absentSinceMs.size === 0) return
    const { namespace = '', name } = object.metadata
    this.#absentSinceMs.delete(`${namespace}/${name}`)
  }

  remove({ metadata: { namespace = '', name } }: ApiObject): void {
    this.#listed.delete(namespace, name)
  }

  advance(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion
    for (const [key, fetched] of this.#fetched) {
      if (isAtLeastVersion(resourceVersion, fetched.resourceVersion)) this.#fetched.delete(key)
    }
  }

  #put(table: AccountTable, object: ApiObject): void {
    const { namespace = '', name } = object.metadata
    table.set(namespace, name, this.#parse(object))
  }

  #parse({ metadata: { namespace = '', name, annotations } }: ApiObject): AccountAnnotations {
    return parseAccountAnnotations(annotations, {
      prefix: this.#prefix,
      subject: `ServiceAccount ${namespace}/${name}`,
    })
  }

  #isFresh(sinceMs: number): boolean {
    return this.#nowMs() - sinceMs < BELIEVED_MS
  }
}
