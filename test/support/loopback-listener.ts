import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A server on a free port of the loopback address. */
export interface LoopbackListener {
  readonly url: string
  readonly port: number
  /** Cuts what is open; resolves when nothing is. */
  close(): Promise<void>
}

/** Serves HTTP, or with a certificate HTTPS. */
export async function listenOnLoopback(
  handle: RequestListener,
  tls: { readonly cert: string; readonly key: string } | undefined,
): Promise<LoopbackListener> {
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
