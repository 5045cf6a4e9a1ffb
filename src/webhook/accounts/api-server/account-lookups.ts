import type { ApiClient } from '../../../kubernetes/api-client.ts'
import { ApiError, describeError } from '../../../kubernetes/api-error.ts'
import type { ApiObject } from '../../../kubernetes/api-object.ts'

/** What became of a GET for a ServiceAccount; `cause` is one line without secrets. */
export type Lookup =
  | { readonly state: 'found'; readonly object: ApiObject }
  | { readonly state: 'absent' }
  | { readonly state: 'failed'; readonly cause: string }

/** A thousand misses a second where a GET takes 50 ms, and still no storm for an API server that is struggling. */
const MAX_IN_FLIGHT = 50

/** What the API server allows in names of namespaces and ServiceAccounts (RFC 1123); no other can lead a path astray. */
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

/** GETs of single ServiceAccounts: one at a time for each, 50 in all, each with an answer within its bound. */
export class AccountLookups {
  readonly #client: ApiClient
  readonly #timeoutMs: number
  readonly #byKey = new Map<string, Promise<Lookup>>()
  readonly #waiting: (() => void)[] = []
  #inFlight = 0

  /** `timeoutMs` bounds the wait for a turn and the request together. */
  constructor(options: { readonly client: ApiClient; readonly timeoutMs: number }) {
    this.#client = options.client
    this.#timeoutMs = options.timeoutMs
  }

  /** Asks, or waits with those who asked for the same one already; never rejects. */
  find(namespace: string, name: string): Promise<Lookup> {
    if (!NAME.test(namespace) || !NAME.test(name)) return Promise.resolve({ state: 'absent' })
    const key = `${namespace}/${name}`
    const running = this.#byKey.get(key)
    if (running !== undefined) return running
    const lookup = this.#fetch(namespace, name).finally(() => this.#byKey.delete(key))
    this.#byKey.set(key, lookup)
    return lookup
  }

  async #fetch(namespace: string, name: string): Promise<Lookup> {
    const deadline = AbortSignal.timeout(this.#timeoutMs)
    try {
      await this.#takeTurn()
      try {
        return { state: 'found', object: await this.#request(namespace, name, deadline) }
      } finally {
        this.#endTurn()
      }
    } catch (error) {
      if (error instanceof ApiError && error.status === 404 && error.reason === 'NotFound')
        return { state: 'absent' }
      const cause = deadline.aborted
        ? `no answer from the API server within ${this.#timeoutMs} ms`
        : describeError(error)
      return { state: 'failed', cause }
    }
  }

  async #request(namespace: string, name: string, signal: AbortSignal): Promise<ApiObject> {
    const object = await this.#client.requestJson({
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      timeoutMs: this.#timeoutMs,
      signal,
    })
    return object as ApiObject
  }

  /** Needs no bound: who came earlier has the earlier deadline, so at the latest by ours the turn is free. */
  async #takeTurn(): Promise<void> {
    if (this.#inFlight < MAX_IN_FLIGHT) this.#inFlight++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Hands the turn to who has waited longest. */
  #endTurn(): void {
    const proceed = this.#waiting.shift()
    if (proceed === undefined) this.#inFlight--
    else proceed()
  }
}
