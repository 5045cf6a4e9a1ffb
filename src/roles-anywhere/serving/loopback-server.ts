import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RolesAnywhereError } from '../roles-anywhere-error.ts'
import { answerText, type Endpoint, type EndpointAnswer } from './endpoint.ts'

/** A server that is listening. */
export interface LoopbackServer {
  readonly port: number
  close(): Promise<void>
}

/** Only processes of this machine get here. */
const LOOPBACK_ADDRESS = '127.0.0.1'
/** A browser that was led here by DNS rebinding names another host. */
const LOOPBACK_HOST = /^(?:127(?:\.\d{1,3}){3}|localhost)(?::\d+)?$/i
/** What is asked has no body and a few short headers. */
const REQUEST_TIMEOUT_MS = 10_000

/**
 * Serves an endpoint on 127.0.0.1; port 0 is any that is free. Rejects with a RolesAnywhereError where the port is taken
 * or may not be used.
 */
export async function listenOnLoopback(port: number, endpoint: Endpoint): Promise<LoopbackServer> {
  const { createServer } = process.getBuiltinModule('node:http')
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void answer(request, endpoint).then((result) => send(response, result))
  })
  await listen(server, port)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ port, host: LOOPBACK_ADDRESS, exclusive: true }, resolve)
  try {
    await promise
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new RolesAnywhereError(
      `cannot listen on ${LOOPBACK_ADDRESS}:${port} (${code}); choose another --port`,
    )
  }
}

async function answer(request: IncomingMessage, endpoint: Endpoint): Promise<EndpointAnswer> {
  request.resume()
  if (!LOOPBACK_HOST.test(request.headers.host ?? '')) return answerText(403, 'only loopback is answered')
  const [path = ''] = (request.url ?? '').split('?')
  try {
    return await endpoint({ method: request.method ?? '', path, headers: request.headers })
  } catch {
    return answerText(500, 'internal error')
  }
}

function send(response: ServerResponse, { status, headers, body }: EndpointAnswer): void {
  response.writeHead(status, {
    ...headers,
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(body)
}
