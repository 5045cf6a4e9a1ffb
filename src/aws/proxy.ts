import type { Environment } from './endpoint.ts'

/**
 * The proxy by which a URL is to be reached: `HTTPS_PROXY` or `HTTP_PROXY` by its scheme, unless `NO_PROXY` names the
 * host; `undefined` for none. Lower-case names are read where the upper-case ones are not set.
 *
 * Loopback is never asked of a proxy, as in Go, whose programs these variables are mostly set for. Throws an Error of
 * one line on a proxy that is not an http or https URL; its text, which may hold a password, is not repeated.
 */
export function findProxy(url: URL, env: Environment): URL | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const text = readVariable(env, name)
  if (
    text === undefined ||
    isLoopback(url.hostname) ||
    isExcluded(url, readVariable(env, 'NO_PROXY') ?? '')
  ) {
    return undefined
  }
  const written = text.includes('://') ? text : `http://${text}`
  const proxy = URL.canParse(written) ? new URL(written) : undefined
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy
  throw new Error(`${name} is no URL of an HTTP proxy; write http://HOST:PORT`)
}

function readVariable(env: Environment, name: string): string | undefined {
  return env[name] || env[name.toLowerCase()] || undefined
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
}

/** Entries are `*`, a host or a domain (`example.com` and `.example.com`: both with all below), with or without `:port`, or a CIDR block. */
function isExcluded(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '' || entry === '*') return entry === '*'
      if (entry.includes('/')) return isInBlock(host, entry)
      const [, bracketed, plain, entryPort] = ENTRY.exec(entry) ?? []
      const domain = (bracketed ?? plain ?? entry).replace(/^\*?\./, '')
      return (entryPort ?? port) === port && (host === domain || host.endsWith(`.${domain}`))
    })
}

/** What does not match is an IPv6 address without brackets. */
const ENTRY = /^(?:\[(.+)\]|([^:]*))(?::(\d+))?$/

function isInBlock(host: string, block: string): boolean {
  const [network = '', prefix = ''] = block.split('/')
  const { isIP, BlockList } = process.getBuiltinModule('node:net')
  const kind = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
  if (isIP(host) === 0 || isIP(network) === 0 || kind(host) !== kind(network)) return false
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  if (!(bits <= (isIP(network) === 6 ? 128 : 32))) return false
  const list = new BlockList()
  list.addSubnet(network, bits, kind(network))
  return list.check(host, kind(host))
}
