import { once } from 'node:events'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { createTestAuthority, issueTestCertificate } from './certificates.ts'
import type { ControlPlaneConnection } from './control-plane.ts'

/** What the proxy does to a request instead of passing it on; `slow` passes it on later. */
export type ProxyFault =
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'refuse'; readonly status: number; readonly retryAfterSeconds?: number }
  | { readonly kind: 'answer'; readonly body: string }
  | { readonly kind: 'cut' }

/** An API server's stand-in on loopback that passes requests on, with faults as a test orders them. */
export interface ApiServerProxy {
  readonly url: string
  readonly caPem: string
  /** Asked for each request; by path and query. */
  fault: (path: string) => ProxyFault | undefined
  /** Requests seen, by path and query. */
  readonly paths: string[]
  /** Cuts all connections that are open. */
  cutConnections(): void
  close(): Promise<void>
}

/** Starts a proxy before the API server of a control plane. */
export async function startApiServerProxy(connection: ControlPlaneConnection): Promise<ApiServerProxy> {
  const authority = await createTestAuthority('api-server-proxy')
  const { certificatePem: cert, privateKeyPem: key } = await issueTestCertificate(authority, ['127.0.0.1'])
  const agent = new Agent({ keepAlive: true, ca: connection.caPem })
  const sockets = new Set<Socket>()
  const server = createServer({ cert, key }, async (incoming, outgoing) => {
    const path = incoming.url ?? '/'
    proxy.paths.push(path)
    const fault = proxy.fault(path)
    if (fault?.kind === 'cut') return void incoming.socket.destroy()
    if (fault?.kind === 'answer') return void outgoing.end(fault.body)
    if (fault?.kind === 'refuse') {
      const { status, retryAfterSeconds } = fault
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
      return void outgoing
        .writeHead(status, headers)
        .end('{"kind":"Status","message":"refused by the proxy"}')
    }
    if (fault?.kind === 'slow') await setTimeout(fault.delayMs)
    const { method, headers } = incoming
    const passedOn = request(new URL(path, connection.apiServerUrl), { method, agent, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      outgoing.flushHeaders()
      answer.pipe(outgoing)
    })
    passedOn.on('error', () => outgoing.destroy())
    outgoing.on('close', () => passedOn.destroy())
    incoming.pipe(passedOn)
  })
  server.on('secureConnection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: ApiServerProxy = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem: authority.certificatePem,
    fault: () => undefined,
    paths: [],
    cutConnections() {
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      proxy.cutConnections()
      agent.destroy()
      await once(server.close(), 'close')
    },
  }
  return proxy
}
