import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'

/** What the API server answered. */
export interface ApiResponse {
  readonly status: number
  readonly body: unknown
  /** Texts of the Warning headers: what admission webhooks and the API server warn about. */
  readonly warnings: readonly string[]
}

/** Requests to an API server as one user, over kept-alive connections. */
export interface ApiClient {
  /** `contentType` is `application/json` where absent; a patch names its kind. */
  send(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiResponse>
  get<T>(path: string): Promise<T>
  create<T>(path: string, object: unknown): Promise<T>
  close(): void
}

/** An answer that is not 2xx, with the API server's own message. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  constructor(method: string, path: string, response: ApiResponse) {
    super(
      `${method} ${path}: ${response.status} ${(response.body as { message?: string } | null)?.message ?? ''}`,
    )
    this.status = response.status
  }
}

/**
 * Creates a client for `https://127.0.0.1:PORT`; `maxSockets` bounds the requests in flight. Without `keepAlive` each request
 * has a connection of its own: it is refused or served, and never cut because the API server closed an idle one.
 */
export function createApiClient(options: {
  readonly url: string
  readonly caPem: string
  readonly token: string
  readonly maxSockets?: number
  readonly keepAlive?: boolean
}): ApiClient {
  const { keepAlive = true } = options
  const agent = new Agent({ keepAlive, maxSockets: options.maxSockets ?? 16, ca: options.caPem })

  async function send(method: string, path: string, body?: unknown, contentType = 'application/json') {
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const { promise, resolve, reject } = Promise.withResolvers<ApiResponse>()
    const headers = {
      accept: 'application/json, */*',
      authorization: `Bearer ${options.token}`,
      ...(payload === undefined
        ? {}
        : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
    }
    request(new URL(path, options.url), { method, agent, headers, timeout: 60_000 }, (response) => {
      text(response).then(
        (answer) =>
          resolve({
            status: response.statusCode ?? 0,
            body: parseBody(answer),
            warnings: parseWarnings(response.headers['warning'] ?? ''),
          }),
        reject,
      )
    })
      .on('timeout', function (this: ReturnType<typeof request>) {
        this.destroy(new Error(`${method} ${path}: no answer within 60 s`))
      })
      .on('error', reject)
      .end(payload)
    return promise
  }

  async function expectSuccess<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await send(method, path, body)
    if (response.status < 200 || response.status > 299) throw new ApiError(method, path, response)
    return response.body as T
  }

  return {
    send,
    get: (path) => expectSuccess('GET', path),
    create: (path, object) => expectSuccess('POST', path, object),
    close: () => agent.destroy(),
  }
}

function parseBody(answer: string): unknown {
  try {
    return JSON.parse(answer)
  } catch {
    return answer
  }
}

/**
 * `299 - "text"`, joined by commas where there are several; quotes and backslashes in the text are escaped. Node reads
 * headers as Latin-1, and the API server writes UTF-8.
 */
function parseWarnings(header: string): readonly string[] {
  return [
    ...Buffer.from(header, 'latin1')
      .toString('utf8')
      .matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g),
  ].map(([, text = '']) => text.replace(/\\(.)/g, '$1'))
}
