import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RolesAnywhereError } from '../roles-anywhere-error.ts'
import { answerText, type Endpoint, type EndpointAnswer } from './endpoint.ts'

/** A server that is listening. */
export interface LoopbackServer {
  readonly port: number
  close(): Promise<void>
}

/** Where a server listens, and whom it takes itself for. */
export interface ServerPlace {
  /** 127.0.0.1 where absent. */
  readonly address?: string
  /** Values of the Host header that are answered beside those of loopback, in lower case, without a port. */
  readonly allowedHosts?: readonly string[]
}

/** Only processes of this machine get here. */
const LOOPBACK_ADDRESS = '127.0.0.1'
/** A browser that was led here by DNS rebinding names another host. */
const LOOPBACK_HOST = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/i
/** What is asked has no body and a few short headers. */
const REQUEST_TIMEOUT_MS = 10_000

/**
 * Serves an endpoint on 127.0.0.1; port 0 is any that is free. Rejects with a RolesAnywhereError where the port is taken
 * or may not be used.
 */
export async function listenOnLoopback(
  port: number,
  endpoint: Endpoint,
  { address = LOOPBACK_ADDRESS, allowedHosts = [] }: ServerPlace = {},
): Promise<LoopbackServer> {
  const { createServer } = process.getBuiltinModule('node:http')
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void answer(request, endpoint, allowedHosts).then((result) => send(response, result))
  })
  await listen(server, port, address)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ port, host, exclusive: true }, resolve)
  try {
    await promise
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new RolesAnywhereError(`cannot listen on ${host}:${port} (${code}); choose another --port`)
  }
}

async function answer(
  request: IncomingMessage,
  endpoint: Endpoint,
  allowedHosts: readonly string[],
): Promise<EndpointAnswer> {
  request.resume()
  const host = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '')
  if (!LOOPBACK_HOST.test(host) && !allowedHosts.includes(host))
    return answerText(403, 'this host is not answered; --allowed-host names others')
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
