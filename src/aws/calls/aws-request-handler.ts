import type { HttpHandlerOptions, HttpRequest, HttpResponse, RequestHandler } from '@aws-sdk/types'
import { attemptRequest, type RequestSurroundings } from './service-attempt.ts'

/** Makes a handler for the AWS SDK's own clients, so that they go by proxies and CA bundle too. */
export function createRequestHandler(
  surroundings: RequestSurroundings,
): RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions> {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request) {
      const { headers, body } = request
      const method = request.method === 'GET' ? 'GET' : 'POST'
      const reply = await attemptRequest(
        { url: buildUrl(request), method, headers, body: readBody(body) },
        surroundings,
      )
      return {
        response: {
          statusCode: reply.status,
          headers: flattenHeaders(reply.headers),
          body: Buffer.from(reply.body),
        },
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
