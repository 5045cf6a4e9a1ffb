import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { ApiConnection } from './api-connection.ts'
import { ApiConnectionError, ApiError, describeError, parseApiError } from './api-error.ts'

/** 50 lookups at once, the watches, and a few to spare for lists and certificates; more would only queue at the API server. */
const MAX_SOCKETS = 64
/** Kept open between requests: what a quiet cluster needs; a burst opens more and drops them again. */
const MAX_IDLE_SOCKETS = 8
/** TCP asks a silent peer after 30 s, and ten times a second apart: a vanished API server ends a watch in 40 s. */
const KEEP_ALIVE_PROBE_MS = 30_000

/** One request to the API server. */
export interface ApiRequest {
  /** GET where absent. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From `/api` or `/apis`, already percent-encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** `application/json` where absent. */
  readonly accept?: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** `application/json` where absent; a patch names its kind. */
  readonly contentType?: string
  /** For the whole answer, or for the head of a streamed one. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Told the beginning of a successful answer's body, up to 16 KiB of it, while the rest is still coming. */
  readonly onHead?: (text: string) => void
}

/**
 * Talks JSON with one API server over one pool of kept-alive connections.
 *
 * Requests reject with ApiError (it answered with an error), ApiConnectionError (it did not answer) or, once their signal
 * is aborted, with its reason. No message holds a credential.
 */
export class ApiClient {
  readonly #connection: ApiConnection
  readonly #agent: http.Agent

  constructor(connection: ApiConnection) {
    this.#connection = connection
    const pool = {
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_PROBE_MS,
      maxSockets: MAX_SOCKETS,
      maxFreeSockets: MAX_IDLE_SOCKETS,
    }
    this.#agent =
      connection.server.protocol === 'http:'
        ? new http.Agent(pool)
        : new https.Agent({ ...pool, ...connection.tls })
  }

  /** Sends a request and parses the whole answer. */
  async requestJson(request: ApiRequest): Promise<unknown> {
    return this.#authorized(request, async (response) => {
      const body = await readBody(response, request.onHead)
      try {
        return JSON.parse(body)
      } catch {
        throw new ApiConnectionError(`${describeRequest(request)}: the answer is not JSON`)
      }
    })
  }

  /** Sends a request and hands over the answer once its head says success; the caller reads it to its end or destroys it. */
  async openStream(request: ApiRequest): Promise<IncomingMessage> {
    return this.#authorized(request, (response) => Promise.resolve(response))
  }

  /** Closes all connections; requests in flight reject. */
  close(): void {
    this.#agent.destroy()
  }

  /** Asks again, once, where the token was refused and a newer one is at hand. */
  async #authorized<Result>(
    request: ApiRequest,
    read: (response: IncomingMessage) => Promise<Result>,
  ): Promise<Result> {
    const { credentials } = this.#connection
    const authorization = await credentials.readAuthorization()
    try {
      return await this.#exchange(request, authorization, read)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
      credentials.invalidate()
      const newAuthorization = await credentials.readAuthorization()
      if (newAuthorization === authorization) throw error
      return await this.#exchange(request, newAuthorization, read)
    }
  }

  async #exchange<Result>(
    request: ApiRequest,
    authorization: string | undefined,
    read: (response: IncomingMessage) => Promise<Result>,
  ): Promise<Result> {
    const { signal } = request
    signal?.throwIfAborted()
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), request.timeoutMs)
    const onAbort = () => deadline.abort()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const response = await this.#send(request, authorization, deadline.signal)
      const status = response.statusCode ?? 0
      if (status >= 200 && status < 300) return await read(response)
      throw parseApiError(describeRequest(request), status, response.headers, await readBody(response))
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (error instanceof ApiError || error instanceof ApiConnectionError) throw error
      const isTimeout = deadline.signal.aborted
      const cause = isTimeout ? `no answer within ${request.timeoutMs} ms` : describeError(error)
      const place = `${describeRequest(request)} at ${this.#connection.server.host}`
      throw new ApiConnectionError(`${place}: ${cause}`, { isTimeout })
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** A kept-alive connection may have been closed by the other side a moment ago: a GET that met such a one is sent again. */
  async #send(
    request: ApiRequest,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    for (let idleSockets = MAX_IDLE_SOCKETS; ; idleSockets--) {
      const { response, isReused } = this.#sendOnce(request, authorization, signal)
      try {
        return await response
      } catch (error) {
        const isRepeatable = (request.method ?? 'GET') === 'GET' && isReused() && isConnectionLost(error)
        if (!isRepeatable || idleSockets === 0) throw error
      }
    }
  }

  #sendOnce(request: ApiRequest, authorization: string | undefined, signal: AbortSignal) {
    const { server } = this.#connection
    const url = new URL(server)
    url.pathname = `${server.pathname.replace(/\/$/, '')}${request.path}`
    url.search = new URLSearchParams(request.query).toString()
    const body = request.body === undefined ? undefined : JSON.stringify(request.body)
    const isEncrypted = server.protocol === 'https:'
    const clientRequest = (isEncrypted ? https : http).request(url, {
      agent: this.#agent,
      method: request.method ?? 'GET',
      signal,
      headers: {
        accept: request.accept ?? 'application/json',
        'user-agent': 'pod-identity-webhook',
        // A proxy on the loopback, as kubectl's, adds credentials of its own; ours never travel in the clear.
        ...(authorization !== undefined && isEncrypted && { authorization }),
        ...(body !== undefined && {
          'content-type': request.contentType ?? 'application/json',
          'content-length': Buffer.byteLength(body),
        }),
      },
    })
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      clientRequest.on('response', resolve).on('error', reject)
    })
    clientRequest.end(body)
    return { response, isReused: () => clientRequest.reusedSocket }
  }
}

async function readBody(response: IncomingMessage, onHead?: (text: string) => void): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (chunks.length === 0) onHead?.(chunk.toString())
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function isConnectionLost(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ECONNRESET' || code === 'EPIPE'
}

function describeRequest(request: ApiRequest): string {
  return `${request.method ?? 'GET'} ${request.path}`
}
