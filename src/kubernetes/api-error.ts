import type { IncomingHttpHeaders } from 'node:http'

const MAX_MESSAGE_CHARACTERS = 300
const LONGEST_RETRY_AFTER_MS = 300_000

/** The API server answered, but with an error; `message` is one line that names the request. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status; for an ERROR event of a watch the code of its Status. */
  readonly status: number
  /** The API server's word for it, such as `Expired`; may be empty. */
  readonly reason: string
  /** How long the API server asks to be left alone, at most 5 minutes. */
  readonly retryAfterMs: number | undefined
  /** The words for what lies behind, such as `ResourceVersionTooLarge` behind `Timeout`. */
  readonly causes: readonly string[]

  constructor(
    message: string,
    answer: Pick<ApiError, 'status' | 'reason'> & Partial<Pick<ApiError, 'retryAfterMs' | 'causes'>>,
  ) {
    super(message)
    this.status = answer.status
    this.reason = answer.reason
    this.retryAfterMs = answer.retryAfterMs
    this.causes = answer.causes ?? []
  }
}

/** No answer came from the API server: unreachable, cut off, or too slow. `message` is one line. */
export class ApiConnectionError extends Error {
  override readonly name = 'ApiConnectionError'
  /** Whether it came to nothing because its time was up. */
  readonly isTimeout: boolean

  constructor(message: string, { isTimeout = false }: { readonly isTimeout?: boolean } = {}) {
    super(message)
    this.isTimeout = isTimeout
  }
}

/** What must be mended by a person before the API server can be asked at all; `message` says what. */
export class ApiConfigurationError extends Error {
  override readonly name = 'ApiConfigurationError'
}

/** Makes the error of an answer that is not 2xx from its body, which is a Status object where the API server wrote it. */
export function parseApiError(
  request: string,
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
): ApiError {
  return describeStatus(
    request,
    status,
    readStatus(body) ?? { message: body },
    Number(headers['retry-after']),
  )
}

/** Makes the error of an ERROR event's object. */
export function parseStatus(request: string, object: unknown): ApiError {
  const status = (object ?? {}) as StatusObject
  const code = typeof status.code === 'number' ? status.code : 500
  return describeStatus(request, code, status, Number(status.details?.retryAfterSeconds))
}

/**
 * Whether a list or watch cannot go on from its resourceVersion or continue token, so that only a new list helps:
 * 410, and a version from the future, as after etcd was restored from a backup.
 */
export function isExpired(error: unknown): boolean {
  return (
    error instanceof ApiError && (error.status === 410 || error.causes.includes('ResourceVersionTooLarge'))
  )
}

/** An error's message as one line of bounded length. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return toLine(String(error))
  // Node's error for a host of two addresses that both refuse has a code and no message.
  return toLine(error.message || String((error as NodeJS.ErrnoException).code ?? error.name))
}

interface StatusObject {
  readonly code?: unknown
  readonly reason?: unknown
  readonly message?: unknown
  readonly details?: {
    readonly retryAfterSeconds?: unknown
    readonly causes?: readonly { readonly reason?: unknown }[]
  }
}

function describeStatus(
  request: string,
  status: number,
  object: StatusObject,
  retryAfterSeconds: number,
): ApiError {
  const { reason, message, details } = object
  const word = typeof reason === 'string' ? reason : ''
  const text = typeof message === 'string' && message !== '' ? toLine(message) : word || 'no reason given'
  return new ApiError(`${request}: the API server answered ${status}: ${text}`, {
    status,
    reason: word,
    retryAfterMs:
      retryAfterSeconds > 0 ? Math.min(retryAfterSeconds * 1000, LONGEST_RETRY_AFTER_MS) : undefined,
    causes: (details?.causes ?? []).map((cause) => String(cause.reason)),
  })
}

function readStatus(body: string): StatusObject | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function toLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= MAX_MESSAGE_CHARACTERS ? line : `${line.slice(0, MAX_MESSAGE_CHARACTERS - 1)}…`
}
