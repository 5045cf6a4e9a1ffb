import { readFile } from 'node:fs/promises'
import { ApiConfigurationError, describeError } from './api-error.ts'
import type { Timing } from './timing.ts'

/** What a request proves its sender with, apart from a client certificate. */
export interface Credentials {
  /** The Authorization header's value; undefined where none is sent. */
  readAuthorization(): Promise<string | undefined>
  /** The API server refused the last value: the next one is read afresh. */
  invalidate(): void
}

/** No Authorization header: anonymous, or a client certificate alone. */
export const NO_CREDENTIALS: Credentials = {
  readAuthorization: () => Promise.resolve(undefined),
  invalidate: () => {},
}

/** A token that is written in the kubeconfig and so never changes. */
export function createTokenCredentials(token: string): Credentials {
  const authorization = Promise.resolve(`Bearer ${token}`)
  return { readAuthorization: () => authorization, invalidate: () => {} }
}

/** The kubelet replaces a projected token well before it expires, so a minute's delay costs nothing (client-go's figure too). */
const REREAD_AFTER_MS = 60_000

/** A token in a file that somebody else renews: read again every minute, and at once after a 401. */
export class TokenFile implements Credentials {
  readonly #path: string
  readonly #timing: Timing
  #authorization: string | undefined
  #readAtMs = Number.NEGATIVE_INFINITY

  constructor(path: string, timing: Timing) {
    this.#path = path
    this.#timing = timing
  }

  /** Rejects with an ApiConfigurationError while the file has never been readable; later keeps the last token. */
  async readAuthorization(): Promise<string | undefined> {
    const nowMs = this.#timing.nowMs()
    if (this.#authorization !== undefined && nowMs - this.#readAtMs < REREAD_AFTER_MS)
      return this.#authorization
    try {
      const token = (await readFile(this.#path, 'utf8')).trim()
      if (token === '') throw new Error('the file is empty')
      this.#authorization = `Bearer ${token}`
      this.#readAtMs = nowMs
    } catch (error) {
      if (this.#authorization === undefined) {
        throw new ApiConfigurationError(`cannot read the token file ${this.#path}: ${describeError(error)}`)
      }
    }
    return this.#authorization
  }

  invalidate(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY
  }
}
