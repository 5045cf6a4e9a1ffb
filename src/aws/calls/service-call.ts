import type { AwsCredentialIdentity } from '@aws-sdk/types'
import type { HttpReply, HttpRequest } from '../http-exchange.ts'
import { writeQuery } from './canonical-request.ts'
import { signRequest } from './request-signature.ts'
import { choosePauseMs, judgeFailure } from './retry-policy.ts'
import { attemptRequest, type RequestSurroundings } from './service-attempt.ts'
import type { ServiceName, ServicePlace } from './service-endpoint.ts'
import { readServiceSettings, resolveServiceUrl } from './service-settings.ts'

/** A call of a service of AWS. */
export interface ServiceCall<Answer> {
  readonly service: ServiceName
  readonly place: ServicePlace
  /** POST where absent. */
  readonly method?: HttpRequest['method']
  /** Without a leading slash, and encoded; what is called is the endpoint alone where absent. */
  readonly path?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Absent where the body alone is proof. */
  readonly signer: { readonly credentials: AwsCredentialIdentity; readonly service: string } | undefined
  /** Throws a ServiceError or an UnreadableReplyError. */
  readAnswer(reply: HttpReply): Answer
}

/** What calls need of the process. */
export interface CallSurroundings extends RequestSurroundings {
  now(): Date
  /** Names the program and its version to the services. */
  readonly userAgent: string
}

/** So far may a clock be off from AWS's: at 5 minutes it refuses. */
const MAX_SKEW_MS = 240_000

/**
 * Calls a service, as often as the settings allow while that may help: each time signed anew, and by AWS's clock where ours
 * is wrong. Rejects with a ServiceError, an UnreadableReplyError, a NoAnswerError or a ProviderError.
 */
export async function callService<Answer>(
  call: ServiceCall<Answer>,
  surroundings: CallSurroundings,
): Promise<Answer> {
  const { now, signal } = surroundings
  const settings = await readServiceSettings(call.service, surroundings.env)
  const url = resolveServiceUrl(call.service, call.place, settings)
  url.pathname += call.path ?? ''
  url.search = writeQuery(call.query ?? {})
  let skewMs = 0
  for (let attempt = 1; ; attempt++) {
    const date = new Date(now().getTime() + skewMs)
    let reply: HttpReply | undefined
    try {
      const request = signCall(call, url, date)
      const headers = { ...request.headers, 'user-agent': surroundings.userAgent }
      reply = await attemptRequest({ ...request, headers }, surroundings)
      return call.readAnswer(reply)
    } catch (error) {
      const serverTimeMs = call.signer && Date.parse(reply?.headers.date ?? '')
      const isSkewed = Math.abs((serverTimeMs ?? Number.NaN) - date.getTime()) >= MAX_SKEW_MS
      const verdict = judgeFailure(error)
      if (attempt >= settings.maxAttempts || signal.aborted || (verdict === 'final' && !isSkewed)) throw error
      if (isSkewed) skewMs = (serverTimeMs ?? 0) - now().getTime()
      await pause(choosePauseMs(attempt, verdict, readHintMs(reply, now()), Math.random()), signal)
    }
  }
}

function signCall(call: ServiceCall<unknown>, url: URL, date: Date): HttpRequest {
  const { method = 'POST', body, signer, place } = call
  const headers = { ...call.headers, 'content-length': String(Buffer.byteLength(body)) }
  const request = { url, method, headers, body }
  if (signer === undefined) return { ...request, headers: { ...headers, host: url.host } }
  const { credentials, service } = signer
  return { ...request, headers: signRequest(request, credentials, { region: place.region, service, date }) }
}

/** When the service wants to be asked again: a number of seconds, a date, or Amazon's own header in milliseconds. */
function readHintMs(reply: HttpReply | undefined, now: Date): number | undefined {
  const { 'retry-after': after, 'x-amz-retry-after': afterMs } = reply?.headers ?? {}
  if (after === undefined) return Number(afterMs) || undefined
  return Number(after) * 1_000 || Date.parse(after) - now.getTime() || undefined
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const end = () => {
    clearTimeout(timer)
    resolve()
  }
  signal.addEventListener('abort', end, { once: true })
  return promise.finally(() => signal.removeEventListener('abort', end))
}
