import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** An HTTP proxy that leads every host to one port of this machine. */
export interface ConnectProxy {
  readonly port: number
  /** `CONNECT host:port` or the URL of plain HTTP, with the Proxy-Authorization, in order. */
  readonly asked: readonly { readonly target: string; readonly authorization: string | undefined }[]
  /** Answers all further CONNECT with this status. */
  refuse(status: number): void
  close(): Promise<void>
}

export async function startConnectProxy(targetPort: number): Promise<ConnectProxy> {
  const asked: { target: string; authorization: string | undefined }[] = []
  const sockets = new Set<Socket>()
  let refusedStatus: number | undefined
  const note = (incoming: IncomingMessage) =>
    asked.push({ target: incoming.url ?? '', authorization: incoming.headers['proxy-authorization'] })
  const server = createServer((incoming, response) => {
    note(incoming)
    const { pathname, search } = new URL(incoming.url ?? '')
    const { 'proxy-authorization': _, ...headers } = incoming.headers
    const onward = request(
      { port: targetPort, path: pathname + search, method: incoming.method, headers },
      (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers)
        reply.pipe(response)
      },
    )
    incoming.pipe(onward)
  })
  server.on('connect', (incoming, socket: Socket) => {
    note(incoming)
    socket.on('error', () => {})
    if (refusedStatus !== undefined) {
      socket.end(`HTTP/1.1 ${refusedStatus} Refused\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const onward = connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    for (const each of [socket, onward]) sockets.add(each)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    refuse: (status) => {
      refusedStatus = status
    },
    async close() {
      server.close()
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
