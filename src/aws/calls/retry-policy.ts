import { NoAnswerError } from './service-attempt.ts'
import { ServiceError, UnreadableReplyError } from './service-error.ts'

/** Error codes of AWS that say: not so fast. */
const THROTTLING_CODES: readonly string[] = [
  'BandwidthLimitExceeded',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]

/** Error codes of AWS that say: try again; the last is of STS, where it cannot reach the cluster's issuer. */
const TRANSIENT_CODES: readonly string[] = [
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'IDPCommunicationError',
]

const TRANSIENT_STATUSES: readonly number[] = [500, 502, 503, 504]

const NETWORK_CODES: readonly (string | undefined)[] = [
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]

/** What is to be made of a failed attempt. */
export type RetryVerdict = 'throttled' | 'transient' | 'final'

/** Says whether a call may succeed when it is made again, by the AWS SDK's standard retry mode. */
export function judgeFailure(error: unknown): RetryVerdict {
  if (error instanceof NoAnswerError) {
    return error.name === 'TimeoutError' || NETWORK_CODES.includes(error.code) ? 'transient' : 'final'
  }
  if (!(error instanceof ServiceError || error instanceof UnreadableReplyError)) return 'final'
  const code = error instanceof ServiceError ? error.code : ''
  if (error.status === 429 || THROTTLING_CODES.includes(code)) return 'throttled'
  return TRANSIENT_STATUSES.includes(error.status) || TRANSIENT_CODES.includes(code) ? 'transient' : 'final'
}

const FIRST_PAUSE_MS = 50
const FIRST_THROTTLED_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 20_000

/** A service that names a time is given that much more than the pause would be. */
const MAX_HINTED_MS = 5_000

/**
 * How long to wait after the failed attempt of that number, counted from 1: up to twice as long each time. `random` is in
 * [0, 1); `hintMs` is what the service asks for.
 */
export function choosePauseMs(
  attempt: number,
  verdict: RetryVerdict,
  hintMs: number | undefined,
  random: number,
): number {
  const firstMs = verdict === 'throttled' ? FIRST_THROTTLED_PAUSE_MS : FIRST_PAUSE_MS
  const pauseMs = random * Math.min(firstMs * 2 ** (attempt - 1), MAX_PAUSE_MS)
  return Math.max(pauseMs, Math.min(hintMs ?? 0, pauseMs + MAX_HINTED_MS))
}
