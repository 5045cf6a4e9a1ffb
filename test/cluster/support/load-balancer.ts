import { once } from 'node:events'
import { get } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { poll } from './daemon.ts'

/** What a Service is in a cluster: one address for several replicas, those that are ready. */
export interface LoadBalancer {
  /** Adds a replica on 127.0.0.1; it gets connections from when it is ready to when it is not any more. */
  add(port: number): void
  remove(port: number): void
  /** Resolves once exactly these replicas get connections. */
  waitUntilServing(ports: readonly number[]): Promise<void>
  close(): Promise<void>
}

/** As far behind as a Service is behind the readiness of its pods, and a little more. */
const PROBE_INTERVAL_MS = 1_000
const PROBE_TIMEOUT_MS = 1_000
const SERVING_TIMEOUT_MS = 60_000

/**
 * Balances TCP connections in turn over the replicas whose `/readyz` says 200. What is open stays open, and a connection
 * that a replica refuses is not given to another one: neither does a Service.
 */
export async function startLoadBalancer(address: {
  readonly host: string
  readonly port: number
}): Promise<LoadBalancer> {
  const replicas = new Map<number, { isServing: boolean }>()
  const sockets = new Set<Socket>()
  let turn = 0
  const listServing = () => [...replicas].filter(([, { isServing }]) => isServing).map(([port]) => port)
  const server = createServer((client) => {
    const serving = listServing()
    const port = serving[turn++ % serving.length]
    if (port === undefined) return void client.resetAndDestroy()
    const replica = connect(port, '127.0.0.1')
    for (const [socket, other] of [
      [client, replica],
      [replica, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy()).on('close', () => sockets.delete(socket))
      socket.pipe(other)
    }
  })
  server.listen(address.port, address.host)
  await once(server, 'listening')

  const probe = () => {
    for (const [port, replica] of replicas) {
      void isReady(port).then((ready) => {
        replica.isServing = ready
      })
    }
  }
  const timer = setInterval(probe, PROBE_INTERVAL_MS)
  return {
    add(port) {
      replicas.set(port, { isServing: false })
      probe()
    },
    remove: (port) => void replicas.delete(port),
    async waitUntilServing(ports) {
      const isSo = async () => {
        const serving = listServing()
        return (serving.length === ports.length && ports.every((port) => serving.includes(port))) || undefined
      }
      if (await poll(isSo, SERVING_TIMEOUT_MS)) return
      throw new Error(`ready are ${listServing().join()} and not ${ports.join()}`)
    },
    async close() {
      clearInterval(timer)
      for (const socket of sockets) socket.destroy()
      await once(server.close(), 'close')
    },
  }
}

/** Asks as the kubelet does, which trusts any certificate. */
async function isReady(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const options = { rejectUnauthorized: false, agent: false, timeout: PROBE_TIMEOUT_MS }
  get(`https://127.0.0.1:${port}/readyz`, options, (response) => {
    response.resume()
    resolve(response.statusCode === 200)
  })
    .on('timeout', function (this: ReturnType<typeof get>) {
      this.destroy()
      resolve(false)
    })
    .on('error', () => resolve(false))
  return promise
}
