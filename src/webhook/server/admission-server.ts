import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify, LogController } from 'fastify'
import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { runBeforeScrape } from '../../telemetry/tally.ts'
import { type ReviewAnswer, refuse } from '../admission/answer.ts'
import type { ServingPair } from '../certificates/serving-pair.ts'
import { buildSecureContextOptions, type TlsSettings } from '../certificates/tls-options.ts'
import type { Reviewer } from '../reviewer.ts'
import { createClientErrorHandler } from './client-errors.ts'
import type { Health } from './health.ts'
import { watchOverdueReviews } from './overdue-reviews.ts'
import { answerRequestError, parseBody, SENDER_LEFT } from './request-errors.ts'
import { createResponseCounter } from './response-counter.ts'
import { isPlainReview, type ReviewBody, readReviewBody } from './review-body.ts'

/** What the server may be asked to bear, in bytes and milliseconds. */
export interface AdmissionLimits {
  readonly maxBodyBytes: number
  readonly requestTimeoutMs: number
  readonly timeoutCheckIntervalMs: number
  readonly reviewTimeoutMs: number
  readonly keepAliveTimeoutMs: number
}

/** What applies where nothing else is said. */
export const ADMISSION_LIMITS: AdmissionLimits = {
  // An object of 3 MiB comes twice in an update, as object and oldObject: the reasoning, and the number, of
  // sigs.k8s.io/controller-runtime pkg/webhook/admission/http.go.
  maxBodyBytes: 7 * 1024 * 1024,
  requestTimeoutMs: 30_000,
  // Node looks every 30 s unless told otherwise, and would let a slow sender have a minute.
  timeoutCheckIntervalMs: 5_000,
  // The last resort, under the API server's default timeout of 10 s: an answer of ours says more than its own.
  reviewTimeoutMs: 8_000,
  // The API server drops idle connections after 90 s and does not repeat a POST on one that we closed first.
  keepAliveTimeoutMs: 120_000,
}

/** What the server works with; `limits` are those that differ from ADMISSION_LIMITS. */
export interface AdmissionServerOptions {
  readonly reviewer: Reviewer
  readonly health: Pick<Health, 'findPendingReasons'>
  readonly tls: TlsSettings
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'httpRequestCount' | 'requestsInFlight'>
  readonly limits?: Partial<AdmissionLimits>
}

/** The HTTPS server that the API server calls. */
export interface AdmissionServer {
  readonly server: Server
  /** Listens on all addresses unless `host` is given; gives the port. */
  listen(address: { readonly port: number; readonly host?: string }): Promise<number>
  /** Serves new connections with another certificate; those that are open go on. Without any, handshakes fail. */
  useCertificate(pair: ServingPair): void
  /** From now on each answer tells its client to open another connection next time. */
  beginDraining(): void
  /** Takes no new connections; resolves when the requests under way are answered. */
  close(): Promise<void>
  /** Cuts what is still open. */
  closeAllConnections(): void
}

const ALLOWED_METHODS: ReadonlyMap<string, string> = new Map([
  ['/mutate', 'POST'],
  ['/healthz', 'GET, HEAD'],
  ['/readyz', 'GET, HEAD'],
])

/** A request and the response to it. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** What becomes of an answer is ours from here on. */
function takeOver(reply: FastifyReply): Exchange {
  reply.hijack()
  return { request: reply.request.raw, response: reply.raw }
}

/** No route has a schema; left to itself, Fastify loads two compilers for them at every start. */
const NO_SCHEMAS = {
  compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema },
}

function refuseSchema(): never {
  throw new Error('this server has no compiler for schemas')
}

/** Builds the server; it listens when told to. */
export function createAdmissionServer(options: AdmissionServerOptions): AdmissionServer {
  const { reviewer, health, tls, logger, metrics } = options
  const limits = { ...ADMISSION_LIMITS, ...options.limits }
  const countResponse = createResponseCounter(metrics.httpRequestCount)
  const reviews = watchOverdueReviews<Exchange>(limits.reviewTimeoutMs, (exchange) => {
    logger.error('a review took too long and was given up')
    send(exchange, refuse(503, 'the review took too long'))
  })
  runBeforeScrape(metrics.requestsInFlight, () => metrics.requestsInFlight.set(reviews.count()))
  let isDraining = false
  const serverOptions = {
    ...buildSecureContextOptions(tls, undefined),
    connectionsCheckingInterval: limits.timeoutCheckIntervalMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // For headers and body together; Node's own limit for headers would be 60 s.
    requestTimeout: limits.requestTimeoutMs,
    headersTimeout: limits.requestTimeoutMs,
    handshakeTimeout: limits.requestTimeoutMs,
  }

  const app: FastifyInstance<Server> = fastify({
    serverFactory: (listener) => createServer(serverOptions, passReviewsBy(listener)),
    schemaController: NO_SCHEMAS,
    bodyLimit: limits.maxBodyBytes,
    // A 503 on a connection that outlives the listener would be a pod without credentials.
    return503OnClosing: false,
    // Two lines a request, a fifth of the throughput; the reviewer writes one.
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: createClientErrorHandler(countResponse, logger, limits.keepAliveTimeoutMs),
    frameworkErrors: (_error, _request, reply) => respond(reply, refuse(400, 'the URL cannot be read')),
  })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, parseBody)
  app.setErrorHandler((error, request, reply) => {
    if (request.is404) refuseRoute(request, reply)
    else respond(reply, answerRequestError(error, request, reviewer, logger))
  })
  app.setNotFoundHandler(refuseRoute)
  app.post('/mutate', (request, reply) => {
    if (request.body === undefined) respond(reply, reviewer.reject('body_unreadable', 'the body is empty'))
    else void review(request.body, takeOver(reply))
  })
  app.get('/healthz', (_request, reply) => respond(reply, refuse(200, 'ok')))
  app.get('/readyz', (_request, reply) => {
    const reasons = health.findPendingReasons()
    respond(reply, reasons.length === 0 ? refuse(200, 'ok') : refuse(503, reasons.join('\n')))
  })

  /** Reviews go past Fastify, whose routing and parsing take 8 of 100 µs; everything else is Fastify's. */
  function passReviewsBy(listener: RequestListener): RequestListener {
    return (request, response) => {
      if (!isPlainReview(request, limits.maxBodyBytes)) listener(request, response)
      else readReviewBody(request, (body) => answerReview(body, { request, response }))
    }
  }

  function answerReview(body: ReviewBody, exchange: Exchange): void {
    if (body.state === 'parsed') void review(body.value, exchange)
    else if (body.state === 'cut') reviewer.reject('body_unreadable', SENDER_LEFT)
    else send(exchange, reviewer.reject('body_unreadable', 'the body is not JSON'))
  }

  async function review(body: unknown, exchange: Exchange): Promise<void> {
    reviews.begin(exchange)
    try {
      send(exchange, await reviewer.review(body))
    } catch (error) {
      logger.error({ err: error }, 'a review failed for a reason that is not foreseen')
      send(exchange, refuse(500, 'the webhook failed'))
    } finally {
      reviews.end(exchange)
    }
  }

  function refuseRoute(request: FastifyRequest, reply: FastifyReply): void {
    const allow = ALLOWED_METHODS.get(readPath(request.url))
    if (allow === undefined) {
      respond(reply, refuse(404, 'there is nothing here; reviews go to /mutate'))
      return
    }
    reply.raw.setHeader('allow', allow)
    respond(reply, refuse(405, `only ${allow} is allowed here`))
  }

  function respond(reply: FastifyReply, answer: ReviewAnswer): void {
    send(takeOver(reply), answer)
  }

  /** Writes to Node's response, past Fastify, which takes an eighth more CPU time a request (67 and 60 µs, measured). */
  function send({ request, response }: Exchange, answer: ReviewAnswer): void {
    // Given up for its slowness, or its client has left.
    if (response.headersSent || response.destroyed) return
    countResponse(request.method ?? '', readPath(request.url ?? ''), answer.statusCode)
    if (isDraining) response.setHeader('connection', 'close')
    response.writeHead(answer.statusCode, {
      'content-type': answer.contentType,
      'content-length': Buffer.byteLength(answer.body),
    })
    response.end(answer.body)
  }

  return {
    server: app.server,
    async listen({ port, host = '' }) {
      await app.listen({ port, host })
      const address = app.server.address()
      return typeof address === 'object' && address !== null ? address.port : port
    },
    useCertificate: (pair) => app.server.setSecureContext(buildSecureContextOptions(tls, pair)),
    beginDraining() {
      isDraining = true
    },
    async close() {
      await app.close()
      reviews.close()
    },
    closeAllConnections: () => app.server.closeAllConnections(),
  }
}

/** The path without its query: `/mutate?timeout=10s`, as the API server asks. */
function readPath(url: string): string {
  const queryIndex = url.indexOf('?')
  return queryIndex === -1 ? url : url.slice(0, queryIndex)
}
