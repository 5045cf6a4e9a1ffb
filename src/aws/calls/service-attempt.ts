import { type CheckWords, describeNetworkFailure, readNetworkFailure } from '../../text/network-failure.ts'
import type { Environment } from '../endpoint.ts'
import { exchange, type HttpReply, type HttpRequest } from '../http-exchange.ts'
import { findProxy } from '../proxy.ts'
import { readCaBundle } from '../trusted-certificates.ts'
import type { Trail } from './trail.ts'

/** What requests to AWS are sent with. */
export interface RequestSurroundings {
  readonly env: Environment
  readonly trail: Trail
  /** Ends all requests. */
  readonly signal: AbortSignal
  /** The longest that one request may take. */
  readonly attemptMs: number
}

/** No answer came; `cause` says why. One line, with what to check. */
export class NoAnswerError extends Error {
  /** Node's: TimeoutError is one. */
  override readonly name: string
  /** Node's: `ECONNRESET`; absent where Node gives none. */
  readonly code: string | undefined

  constructor(host: string, cause: unknown, attemptMs: number) {
    super(`cannot reach ${host}: ${describeCause(cause, attemptMs)}`, { cause })
    const { name, code } = cause as NodeJS.ErrnoException
    this.name = name
    this.code = code
  }
}

/**
 * Sends one request to AWS, by `HTTPS_PROXY`, `NO_PROXY` and `AWS_CA_BUNDLE`, on a connection of its own: there are two of
 * them at most. Rejects with a {@link NoAnswerError}.
 */
export async function attemptRequest(
  request: HttpRequest,
  { env, trail, signal, attemptMs }: RequestSurroundings,
): Promise<HttpReply> {
  const { url } = request
  const tellOutcome = trail.attempt(url.host)
  const route = { proxy: findProxy(url, env), ca: readCaBundle(env), isCertificateVerified: true }
  try {
    const timeout = AbortSignal.timeout(attemptMs)
    const reply = await exchange(request, route, AbortSignal.any([signal, timeout]))
    tellOutcome(`HTTP ${reply.status}`)
    return reply
  } catch (error) {
    tellOutcome(describeCause(error, attemptMs))
    throw new NoAnswerError(url.host, error, attemptMs)
  }
}

const WORDS: CheckWords = {
  endpoint: 'AWS_ENDPOINT_URL',
  region: 'the region',
  dns: 'DNS',
  network: 'the network',
  proxy: 'HTTPS_PROXY',
  clock: "this machine's clock",
  authority: 'AWS_CA_BUNDLE',
}

function describeCause(error: unknown, attemptMs: number): string {
  if ((error as Error).name === 'TimeoutError') return `no answer within ${attemptMs / 1000} s`
  return describeNetworkFailure(readNetworkFailure(error), WORDS)
}
