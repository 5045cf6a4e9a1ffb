import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** An address at which something on 127.0.0.1 can be reached too. */
export interface TcpForwarder {
  readonly port: number
  /** Cuts what is open. */
  close(): Promise<void>
}

/** Forwards connections to a port of 127.0.0.1; without a port of its own it takes one that is free. */
export async function forwardTcp(
  address: { readonly host: string; readonly port?: number },
  targetPort: number,
): Promise<TcpForwarder> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(address.port ?? 0, address.host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await once(server.close(), 'close')
    },
  }
}
