import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import type { Logger } from '../../telemetry/logger.ts'
import type { Status } from '../status/status.ts'
import { renderStatusPage } from '../status/status-page.ts'
import type { Health } from './health.ts'

/** What the server shows. */
export interface OperationsServerOptions {
  readonly registry: Registry
  readonly health: Pick<Health, 'findPendingReasons'>
  /** What `/debug/alpha/cache` shows; absent: there is no such page. */
  readonly describeCache?: (() => unknown) | undefined
  /** What `/` and `/status.json` show. */
  readonly readStatus: () => Promise<Status>
  readonly logger: Logger
}

/**
 * The plain HTTP server for Prometheus, for the kubelet, and for people who look for a cause: it answers also before there is
 * a certificate, without which nobody can ask the other one.
 */
export interface OperationsServer {
  /** Listens on all addresses unless `host` is given; gives the port. */
  listen(address: { readonly port: number; readonly host?: string }): Promise<number>
  /** Ends at once: a scrape can come again. */
  close(): Promise<void>
}

const TEXT = 'text/plain; charset=utf-8'
const HTML = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/json'

/** The page asks for nothing, and nobody may frame it. */
const PAGE_HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

interface Page {
  readonly statusCode?: number
  readonly contentType: string
  readonly body: string
}

/** Builds the server: `/` for people, `/status.json`, `/metrics`, `/healthz`, `/readyz` and, where it is asked for, `/debug/alpha/cache`. */
export function createOperationsServer({
  registry,
  health,
  describeCache,
  readStatus,
  logger,
}: OperationsServerOptions): OperationsServer {
  const pages = new Map<string, () => Page | Promise<Page>>([
    ['/', async () => ({ contentType: HTML, body: renderStatusPage(await readStatus()) })],
    [
      '/status.json',
      async () => ({ contentType: JSON_TYPE, body: `${JSON.stringify(await readStatus(), undefined, 2)}\n` }),
    ],
    ['/metrics', async () => ({ contentType: registry.contentType, body: await registry.metrics() })],
    ['/healthz', () => ({ contentType: TEXT, body: 'ok\n' })],
    ['/readyz', describeReadiness],
  ])
  if (describeCache !== undefined) {
    pages.set('/debug/alpha/cache', () => ({
      contentType: JSON_TYPE,
      body: `${JSON.stringify(describeCache(), undefined, 2)}\n`,
    }))
  }

  function describeReadiness(): Page {
    const reasons = health.findPendingReasons()
    if (reasons.length === 0) return { contentType: TEXT, body: 'ok\n' }
    return { statusCode: 503, contentType: TEXT, body: `${reasons.join('\n')}\n` }
  }

  async function answer(method: string, path: string, response: ServerResponse): Promise<void> {
    const makePage = pages.get(path)
    if (makePage === undefined)
      return sendText(response, 404, `there is nothing here, but ${[...pages.keys()].join(', ')}`)
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      return sendText(response, 405, 'only GET, HEAD is allowed here')
    }
    try {
      const { statusCode = 200, contentType, body } = await makePage()
      response
        .writeHead(statusCode, {
          ...PAGE_HEADERS,
          'content-type': contentType,
          'content-length': Buffer.byteLength(body),
        })
        .end(body)
    } catch (error) {
      logger.error({ err: error, path }, 'a page for operators failed')
      sendText(response, 500, 'the page failed; the log says why')
    }
  }

  const server = createServer((request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1)
    void answer(request.method ?? '', path, response)
  })

  return {
    listen: ({ port, host }) => listen(server, port, host),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

function sendText(response: ServerResponse, statusCode: number, line: string): void {
  response.writeHead(statusCode, { 'content-type': TEXT }).end(`${line}\n`)
}

function listen(server: Server, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
