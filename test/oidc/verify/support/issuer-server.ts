import type { ServerResponse } from 'node:http'
import { listenOnLoopback } from '../../../support/loopback-listener.ts'

/** What is served at a path. */
export interface Page {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** An issuer on the loopback address whose documents may be changed. */
export interface IssuerServer {
  /** `https://127.0.0.1:PORT/cluster`. */
  readonly url: string
  /** By path; `hang` is never answered. */
  readonly pages: Map<string, Page | 'hang'>
  close(): Promise<void>
}

export const DISCOVERY_PAGE = '/cluster/.well-known/openid-configuration'
export const KEYS_PAGE = '/cluster/keys.json'

/** Serves over HTTPS, or without a certificate over plain HTTP at an https URL. */
export async function startIssuer(tls?: {
  readonly cert: string
  readonly key: string
}): Promise<IssuerServer> {
  const pages = new Map<string, Page | 'hang'>()
  const listener = await listenOnLoopback(({ url = '' }, response) => {
    const page = pages.get(url)
    if (page !== 'hang') sendPage(response, page ?? { status: 404, body: 'no such page' })
  }, tls)
  return {
    url: `https://127.0.0.1:${listener.port}/cluster`,
    pages,
    close: () => listener.close(),
  }
}

function sendPage(response: ServerResponse, { status = 200, headers, body }: Page): void {
  response.writeHead(status, headers ?? { 'content-type': 'application/json' }).end(body)
}

/** Puts JSON at a path. */
export function publish(issuer: IssuerServer, path: string, document: unknown): void {
  issuer.pages.set(path, { body: JSON.stringify(document) })
}
