/** An error that a service of AWS answered. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  /** As the service names it: `AccessDeniedException`. */
  readonly code: string
  readonly status: number
  /** What the service says, which may repeat what it was sent. */
  readonly words: string

  constructor(code: string, words: string, status: number) {
    super(`${code}: ${words} (HTTP ${status})`)
    this.code = code
    this.words = words
    this.status = status
  }
}

/** An answer that is not what AWS writes; nothing of it is repeated. */
export class UnreadableReplyError extends Error {
  override readonly name = 'UnreadableReplyError'
  readonly status: number

  constructor(status: number) {
    super(`the answer cannot be read (HTTP ${status})`)
    this.status = status
  }
}

/** What the AWS SDK adds to errors. */
interface SdkError extends Error {
  /** Of errors that the service wrote. */
  readonly $fault?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly statusCode?: number }
}

/** Says what went wrong with a call, ours or one of the AWS SDK: the service's words, or the network's. */
export function describeServiceError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const { name, message, $fault, $metadata, $response }: SdkError = error
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  const where = status === undefined ? '' : ` (HTTP ${status})`
  if ($fault !== undefined) return `${name}: ${message}${where}`
  // An answer came and is not what AWS writes. What parsers say of it quotes it.
  if (status !== undefined || error instanceof SyntaxError) return `the answer cannot be read${where}`
  return message
}
