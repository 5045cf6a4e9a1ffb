import type { HttpHandlerOptions, HttpRequest, HttpResponse, RequestHandler } from '@aws-sdk/types'
import type { Environment } from '../aws/endpoint.ts'
import { exchange } from '../aws/http-exchange.ts'
import { findProxy } from '../aws/proxy.ts'
import { readCaBundle } from '../aws/trusted-certificates.ts'
import type { Trail } from './trail.ts'

/** What requests of the AWS SDK are sent with. */
export interface RequestSurroundings {
  readonly env: Environment
  readonly trail: Trail
  /** Ends all requests. */
  readonly signal: AbortSignal
  /** The longest that one request may take. */
  readonly attemptMs: number
}

type AwsRequestHandler = RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions>

/**
 * Makes a handler for the AWS SDK's clients that goes by `HTTPS_PROXY`, `NO_PROXY` and `AWS_CA_BUNDLE`, which the SDK's
 * own does not know. Each request has a connection of its own: there are two of them at most.
 */
export function createRequestHandler(surroundings: RequestSurroundings): AwsRequestHandler {
  const { env, trail, signal, attemptMs } = surroundings
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request) {
      const url = buildUrl(request)
      const tellOutcome = trail.attempt(url.host)
      const { method, headers, body } = request
      const route = { proxy: findProxy(url, env), ca: readCaBundle(env), isCertificateVerified: true }
      try {
        const reply = await exchange(
          { url, method: method === 'GET' ? 'GET' : 'POST', headers, body: readBody(body) },
          route,
          AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]),
        )
        tellOutcome(`HTTP ${reply.status}`)
        return {
          response: {
            statusCode: reply.status,
            headers: flattenHeaders(reply.headers),
            body: Buffer.from(reply.body),
          },
        }
      } catch (error) {
        const cause = describeCause(error, attemptMs)
        tellOutcome(cause)
        // The SDK tells by name and code whether to try again.
        const { name, code } = error as NodeJS.ErrnoException
        throw Object.assign(new Error(`cannot reach ${url.host}: ${cause}`), { name, code })
      }
    },
  }
}

function buildUrl({ protocol, hostname, port, path, query = {} }: HttpRequest): URL {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`)
  for (const [name, value] of Object.entries(query)) {
    for (const text of [value].flat()) url.searchParams.append(name, text ?? '')
  }
  return url
}

function readBody(body: unknown): string {
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body ?? '')
}

function flattenHeaders(headers: Readonly<Record<string, string | string[] | undefined>>) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
}

const UNTRUSTED = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/

function describeCause(error: unknown, attemptMs: number): string {
  const { name, code, message } = error as NodeJS.ErrnoException
  if (name === 'TimeoutError') return `no answer within ${attemptMs / 1000} s`
  if (code === undefined) return message
  return UNTRUSTED.test(code)
    ? `its certificate is not trusted (${code}); name its authority's file in AWS_CA_BUNDLE`
    : `${code}; check the network, HTTPS_PROXY and AWS_ENDPOINT_URL`
}
