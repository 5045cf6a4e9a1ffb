import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'

/** What came back, and over which connection. */
export interface ClientResponse {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly isReusedConnection: boolean
  /** Serial number of the certificate that the server showed on this connection. */
  readonly certificateSerial: string
}

/** No answer came; a client such as the API server's does not repeat a POST after that. */
export class RequestFailure extends Error {
  readonly code: string
  readonly isReusedConnection: boolean

  constructor(code: string, isReusedConnection: boolean) {
    super(`${code} on a ${isReusedConnection ? 'reused' : 'new'} connection`)
    this.code = code
    this.isReusedConnection = isReusedConnection
  }
}

/** A client that verifies the server as the API server does, over connections that it keeps. */
export interface HttpsClient {
  send(options: {
    readonly method?: string
    readonly path: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string | Buffer
  }): Promise<ClientResponse>
  postJson(path: string, body: string): Promise<ClientResponse>
  close(): void
}

/** Creates a client for a server on the loopback; `maxSockets` connections at most are open at a time. */
export function createHttpsClient(
  port: number,
  ca: string,
  options: { readonly maxSockets?: number } & Pick<
    RequestOptions,
    'maxVersion' | 'minVersion' | 'ciphers'
  > = {},
): HttpsClient {
  const { maxSockets = 1, ...tlsOptions } = options
  const agent = new Agent({ keepAlive: true, maxSockets, ca, host: '127.0.0.1', port, ...tlsOptions })

  const send: HttpsClient['send'] = async ({ method = 'GET', path, headers = {}, body }) => {
    const outgoing = request({ agent, host: '127.0.0.1', port, ca, method, path, headers: { ...headers } })
    outgoing.end(body)
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve)
      outgoing.once('error', (error: NodeJS.ErrnoException) =>
        reject(new RequestFailure(error.code ?? error.message, outgoing.reusedSocket)),
      )
    })
    const certificateSerial = (incoming.socket as TLSSocket).getPeerX509Certificate()?.serialNumber ?? ''
    return {
      statusCode: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: await text(incoming),
      isReusedConnection: outgoing.reusedSocket,
      certificateSerial,
    }
  }

  return {
    send,
    postJson: (path, body) =>
      send({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body }),
    close: () => agent.destroy(),
  }
}

/** Opens one TLS connection by hand, for what a well-behaved client cannot do; rejects when the handshake fails. */
export async function openTls(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ...options })
  await once(socket, 'secureConnect')
  return socket
}
