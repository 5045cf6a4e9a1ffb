import { request as requestHttp } from 'node:http'
import { type RequestOptions, request as requestHttps } from 'node:https'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'

/** An answer, and the certificate that it came under. */
export interface TextAnswer {
  readonly statusCode: number
  readonly body: string
  /** SHA-256 fingerprint of the server's certificate; empty over plain HTTP. */
  readonly fingerprint: string
}

/** Sends one request over a connection of its own: a POST of JSON where there is a body, else a GET. */
export async function fetchText(
  url: string,
  options: RequestOptions & { readonly body?: string } = {},
): Promise<TextAnswer> {
  const { body, ...rest } = options
  const settings: RequestOptions = {
    agent: false,
    timeout: 10_000,
    method: body === undefined ? 'GET' : 'POST',
    headers: { connection: 'close', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...rest,
  }
  const { promise, resolve, reject } = Promise.withResolvers<TextAnswer>()
  const request = url.startsWith('https:') ? requestHttps(url, settings) : requestHttp(url, settings)
  request.once('error', reject)
  request.once('timeout', () => request.destroy(new Error(`no answer from ${url} in ten seconds`)))
  request.once('response', (response) => {
    const socket = response.socket as Partial<TLSSocket>
    const fingerprint = socket.getPeerCertificate?.().fingerprint256 ?? ''
    text(response).then(
      (content) => resolve({ statusCode: response.statusCode ?? 0, body: content, fingerprint }),
      reject,
    )
  })
  request.end(body)
  return promise
}
