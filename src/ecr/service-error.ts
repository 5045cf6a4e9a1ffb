/** What the AWS SDK adds to errors. */
interface ServiceError extends Error {
  /** Of errors that the service wrote. */
  readonly $fault?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly statusCode?: number }
}

/** Says what went wrong with a call of the AWS SDK: the service's words, or the network's. */
export function describeServiceError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const { name, message, $fault, $metadata, $response }: ServiceError = error
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  const where = status === undefined ? '' : ` (HTTP ${status})`
  if ($fault !== undefined) return `${name}: ${message}${where}`
  // An answer came and is not what AWS writes. What parsers say of it quotes it.
  if (status !== undefined || error instanceof SyntaxError) return `the answer cannot be read${where}`
  return message
}
