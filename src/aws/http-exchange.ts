import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { isUntrustedCertificate } from '../text/network-failure.ts'
import { readSystemAuthorities } from './trusted-certificates.ts'

/** A request with all that is to be sent. */
export interface HttpRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** How the server is reached and trusted. */
export interface HttpRoute {
  readonly proxy: URL | undefined
  /** Certificate authorities in PEM; Node's own where absent. */
  readonly ca: string | readonly string[] | undefined
  readonly isCertificateVerified: boolean
}

export interface HttpReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** AWS's replies to what this project asks take some kilobytes. */
const MAX_REPLY_BYTES = 1_048_576

/**
 * Sends one request on a connection of its own and reads the whole reply, redirects included.
 *
 * A certificate that Node's own authorities do not vouch for is looked up among those of the system, as curl and AWS's helper
 * do: they are read, some 10 ms, only then. Rejects on network errors, replies over 1 MiB, and when `signal` is aborted, then with its reason.
 */
export async function exchange(
  request: HttpRequest,
  route: HttpRoute,
  signal: AbortSignal,
): Promise<HttpReply> {
  try {
    return await exchangeOnce(request, route, signal)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const ca = route.ca === undefined && isUntrustedCertificate(code) ? readSystemAuthorities() : undefined
    if (ca === undefined) throw error
    // Nothing was sent: a connection that is not trusted ends before it carries anything.
    return await exchangeOnce(request, { ...route, ca }, signal)
  }
}

async function exchangeOnce(request: HttpRequest, route: HttpRoute, signal: AbortSignal): Promise<HttpReply> {
  const isTls = request.url.protocol === 'https:'
  const tunnel =
    isTls && route.proxy !== undefined ? await openTunnel(request.url, route.proxy, route, signal) : undefined
  const tls = isTls ? tlsOptions(route) : {}
  const options = { method: request.method, headers: request.headers, agent: false, signal, ...tls }
  const sent =
    route.proxy !== undefined && !isTls
      ? openRequest(route.proxy, { ...options, ...throughProxy(request, route.proxy), ...tlsOptions(route) })
      : openRequest(
          request.url,
          tunnel === undefined ? options : { ...options, agent: undefined, createConnection: () => tunnel },
        )
  sent.end(request.body)
  try {
    const response = await waitForResponse(sent)
    return { status: response.statusCode ?? 0, headers: response.headers, body: await readBody(response) }
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    sent.destroy()
  }
}

/** Plain HTTP goes to the proxy as it is, with the whole URL in its first line. */
function throughProxy({ url, headers }: HttpRequest, proxy: URL) {
  return { path: url.href, headers: { ...headers, Host: url.host, ...proxyAuthorization(proxy) } }
}

async function openTunnel(
  { hostname, port }: URL,
  proxy: URL,
  route: HttpRoute,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const authority = `${hostname}:${port || '443'}`
  const headers = { Host: authority, ...proxyAuthorization(proxy) }
  const asked = openRequest(proxy, {
    method: 'CONNECT',
    path: authority,
    headers,
    agent: false,
    signal,
    ...(proxy.protocol === 'https:' ? tlsOptions(route) : {}),
  })
  asked.end()
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  asked.once('connect', (response: IncomingMessage, socket: Duplex) => {
    if (response.statusCode === 200) return resolve(socket)
    socket.destroy()
    reject(new Error(`the proxy ${proxy.host} answers ${response.statusCode} to CONNECT ${authority}`))
  })
  asked.once('response', (response) => {
    asked.destroy()
    reject(new Error(`the proxy ${proxy.host} answers ${response.statusCode} to CONNECT ${authority}`))
  })
  asked.once('error', (error) => reject(signal.aborted ? signal.reason : error))
  const socket = await promise
  const { connect } = process.getBuiltinModule('node:tls')
  const { isIP } = process.getBuiltinModule('node:net')
  const host = hostname.replace(/^\[|\]$/g, '')
  // A name of an address must not be sent as SNI (RFC 6066); the certificate is checked against `host` all the same.
  return connect({ socket, host, ...(isIP(host) === 0 ? { servername: host } : {}), ...tlsOptions(route) })
}

function proxyAuthorization({ username, password }: URL): OutgoingHttpHeaders {
  if (username === '' && password === '') return {}
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'Proxy-Authorization': `Basic ${Buffer.from(text).toString('base64')}` }
}

function tlsOptions({ ca, isCertificateVerified }: HttpRoute) {
  return {
    minVersion: 'TLSv1.2' as const,
    rejectUnauthorized: isCertificateVerified,
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
  }
}

type RequestOptions = Parameters<typeof import('node:https').request>[1]

/**
 * `import 'node:http'` takes 30 ms longer than this: its ES module reads every export, `WebSocket` among them, which
 * loads all of undici (Node 26). And node:tls, 16 ms, is loaded only where it is used.
 */
function openRequest(url: URL, options: RequestOptions): ClientRequest {
  return url.protocol === 'https:'
    ? process.getBuiltinModule('node:https').request(url, options)
    : process.getBuiltinModule('node:http').request(url, options)
}

function waitForResponse(sent: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  sent.once('response', resolve)
  // An error after the response ends its body too, where it is seen.
  sent.on('error', reject)
  return promise
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_REPLY_BYTES) throw new Error(`the reply is over ${MAX_REPLY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
