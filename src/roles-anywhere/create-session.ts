import { writeQuery } from '../aws/calls/canonical-request.ts'
import type { Environment } from '../aws/endpoint.ts'
import { exchange, type HttpReply, type HttpRoute } from '../aws/http-exchange.ts'
import { findProxy } from '../aws/proxy.ts'
import { withSharedSettings } from '../aws/shared-settings.ts'
import { readCaBundle } from '../aws/trusted-certificates.ts'
import type { KeySource } from './key-source.ts'
import { describeNetworkError } from './network-error.ts'
import { type RequestSigner, signRequest } from './request-signature.ts'
import { RolesAnywhereError } from './roles-anywhere-error.ts'
import { parseSession, type Session } from './session.ts'
import { describeRefusal } from './session-refusal.ts'
import { resolveSessionTarget, type SessionRequest, type SessionTarget } from './session-target.ts'
import { readSigningIdentity } from './signing-identity.ts'

/** Everything that a session takes. */
export interface SessionOptions {
  readonly request: SessionRequest
  readonly keys: KeySource
  readonly isTlsVerified: boolean
  /** Names the program and its version to the service. */
  readonly userAgent: string
}

/** What creating a session needs of the process that it runs in. */
export interface SessionSurroundings {
  readonly env: Environment
  /** The time now. */
  now(): Date
  /** Told of each step; no secrets. */
  readonly debug?: (line: string) => void
  readonly limits?: AttemptLimits
}

/** How long to go on. */
export interface AttemptLimits {
  readonly attempts: number
  readonly attemptMs: number
  readonly totalMs: number
}

/** Three attempts of 15 s and the pauses between them do not quite fit in 45 s: the last one is cut short. */
const DEFAULT_LIMITS: AttemptLimits = { attempts: 3, attemptMs: 15_000, totalMs: 45_000 }

/** What of a profile counts: the region is the trust anchor's. */
const SHARED_SETTINGS = ['use_fips_endpoint', 'use_dualstack_endpoint', 'ca_bundle', 'endpoint_url'] as const

/** Doubled after each attempt. */
const FIRST_PAUSE_MS = 100

/**
 * Exchanges a certificate for a session (CreateSession). Server errors, throttling and network errors are tried again,
 * signed anew. Rejects with a RolesAnywhereError.
 */
export async function createSession(
  options: SessionOptions,
  surroundings: SessionSurroundings,
): Promise<Session> {
  const { now, debug = () => {}, limits = DEFAULT_LIMITS } = surroundings
  const env = await withSharedSettings(surroundings.env, SHARED_SETTINGS, 'rolesanywhere')
  const target = resolveSessionTarget(options.request, env)
  const signer = readSigningIdentity(options.keys, now())
  const route = resolveRoute(target.endpoint, options, env)
  debug(
    `certificate with serial number ${signer.serialNumber} and ${signer.intermediates.length} intermediates`,
  )
  debug(
    `POST ${target.endpoint.origin}/sessions in ${target.region}${route.proxy ? ` by the proxy ${route.proxy.host}` : ''}`,
  )
  const deadline = AbortSignal.timeout(limits.totalMs)
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptSession(
      target,
      { signer, date: now(), route, userAgent: options.userAgent },
      [deadline, AbortSignal.timeout(limits.attemptMs)],
    )
    debug(`attempt ${attempt}: ${outcome.kind === 'received' ? 'a session' : outcome.error.message}`)
    if (outcome.kind === 'received') return readSession(outcome.body, now())
    const isLast = attempt >= limits.attempts || deadline.aborted
    if (isLast || outcome.kind === 'final') throw outcome.error
    await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1))
  }
}

type Outcome =
  | { readonly kind: 'received'; readonly body: string }
  | { readonly kind: 'final' | 'retriable'; readonly error: RolesAnywhereError }

interface AttemptParts {
  readonly signer: RequestSigner
  readonly date: Date
  readonly route: HttpRoute
  readonly userAgent: string
}

async function attemptSession(
  { endpoint, region, query, body }: SessionTarget,
  { signer, date, route, userAgent }: AttemptParts,
  signals: AbortSignal[],
): Promise<Outcome> {
  const url = new URL(endpoint)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/sessions`
  url.search = writeQuery(query)
  const headers = { Host: url.host, 'Content-Type': 'application/json' }
  const signed = signRequest({ query, headers, body }, signer, { region, date })
  const sent = { ...signed, 'User-Agent': userAgent, 'Content-Length': String(Buffer.byteLength(body)) }
  let reply: HttpReply
  try {
    reply = await exchange({ url, method: 'POST', headers: sent, body }, route, AbortSignal.any(signals))
  } catch (error) {
    return { kind: 'retriable', error: describeNetworkError(error, url) }
  }
  if (reply.status >= 200 && reply.status < 300) return { kind: 'received', body: reply.body }
  const isRetriable = reply.status >= 500 || reply.status === 429
  return { kind: isRetriable ? 'retriable' : 'final', error: describeRefusal(reply) }
}

function resolveRoute(endpoint: URL, { isTlsVerified }: SessionOptions, env: Environment): HttpRoute {
  try {
    return {
      proxy: findProxy(endpoint, env),
      ca: readCaBundle(env),
      isCertificateVerified: isTlsVerified,
    }
  } catch (error) {
    throw new RolesAnywhereError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function readSession(body: string, now: Date): Session {
  const session = parseSession(body, now)
  if (session.expiresAt > now) return session
  throw new RolesAnywhereError(
    `the new session expired at ${session.expiration}, before it was had; check this machine's clock`,
  )
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
