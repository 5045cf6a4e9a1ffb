import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

/** The HTTP server for probes and Prometheus. */
export interface HealthServer {
  readonly port: number
  /** Ends at once: a scrape can come again. */
  close(): Promise<void>
}

/**
 * Serves `/healthz` (the process is alive), `/readyz` (200 unless `findFailure` names a reason) and `/metrics`.
 *
 * Rejects where the port is taken.
 */
export async function startHealthServer(options: {
  readonly port: number
  readonly registry: Registry
  readonly findFailure: () => string | undefined
  /** Called before metrics are read: sets what changes with time alone. */
  readonly beforeScrape?: () => void
}): Promise<HealthServer> {
  const { port, registry, findFailure, beforeScrape } = options
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '/').split('?', 1)
    if (request.method !== 'GET' && request.method !== 'HEAD')
      send(response, 405, 'only GET, HEAD is allowed')
    else if (path === '/healthz') send(response, 200, 'ok')
    else if (path === '/readyz') sendReadiness(response, findFailure())
    else if (path === '/metrics') {
      beforeScrape?.()
      void sendMetrics(response, registry)
    } else send(response, 404, 'there is nothing here, but /healthz, /readyz, /metrics')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

function sendReadiness(response: ServerResponse, failure: string | undefined): void {
  if (failure === undefined) send(response, 200, 'ok')
  else send(response, 503, failure)
}

async function sendMetrics(response: ServerResponse, registry: Registry): Promise<void> {
  try {
    const page = await registry.metrics()
    response.writeHead(200, { 'content-type': registry.contentType }).end(page)
  } catch (error) {
    send(response, 500, (error as Error).message)
  }
}

function send(response: ServerResponse, statusCode: number, line: string): void {
  response.writeHead(statusCode, { 'content-type': 'text/plain; charset=utf-8' }).end(`${line}\n`)
}
