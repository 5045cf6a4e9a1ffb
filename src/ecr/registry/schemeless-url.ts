import { isIPv6 } from 'node:net'

/** What the kubelet compares of an image's name or of a pattern; texts are bytes, one per character. */
export interface SchemelessUrl {
  readonly hostParts: readonly string[]
  /** Empty where there is none. */
  readonly port: string
  /** With its leading slash and its percent escapes decoded; empty where there is none. */
  readonly path: string
}

/** A text that Go's url.Parse refuses after `https://`, and so the kubelet; the message says why. */
export class SchemelessUrlError extends Error {
  override readonly name = 'SchemelessUrlError'
}

const HOST_CHARACTERS = /^[\w\-.~!$&'()*+,;=:[\]<>"\x80-\xff]*$/

/** Parses an image's name or a pattern as the kubelet does. Throws a SchemelessUrlError. */
export function parseSchemelessUrl(text: string): SchemelessUrl {
  const bytes = Buffer.from(text).toString('latin1')
  const [beforeFragment = '', fragment = ''] = cut(bytes, '#')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\x00-\x1f\x7f]/.test(beforeFragment)) throw new SchemelessUrlError('it has a control character')
  decodePercents(fragment)
  const [beforeQuery = ''] = cut(beforeFragment, '?')
  const [authority = '', path] = cut(beforeQuery, '/')
  const userEnd = authority.lastIndexOf('@')
  const host = readHost(authority.slice(userEnd + 1))
  if (userEnd >= 0) checkUser(authority.slice(0, userEnd))
  return { ...splitPort(host), path: path === undefined ? '' : decodePercents(`/${path}`) }
}

function cut(text: string, separator: string): readonly [string, string?] {
  const index = text.indexOf(separator)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)]
}

function readHost(host: string): string {
  if (!host.includes('[')) {
    const [, port] = cut(host, ':')
    checkPort(port === undefined ? '' : `:${port}`)
    return decodeHost(host)
  }
  const end = host.lastIndexOf(']')
  if (host.lastIndexOf('[') > 0 || end < 0) throw new SchemelessUrlError('its brackets hold no IPv6 address')
  checkPort(host.slice(end + 1))
  const address = host.slice(1, end)
  const zoneStart = address.indexOf('%25')
  const decoded =
    zoneStart < 0
      ? decodeHost(address)
      : decodeHost(address.slice(0, zoneStart)) + decodeZone(address.slice(zoneStart))
  const [ip = '', zone] = cut(decoded, '%')
  if (!isIPv6(ip) || zone === '') throw new SchemelessUrlError('its brackets hold no IPv6 address')
  return `[${decoded}]${host.slice(end + 1)}`
}

function checkPort(port: string): void {
  if (!/^(?::\d*)?$/.test(port))
    throw new SchemelessUrlError(`its port is no number: ${JSON.stringify(port)}`)
}

function checkUser(user: string): void {
  if (!/^[\w\-.:~!$&'()*+,;=%@]*$/.test(user))
    throw new SchemelessUrlError('what stands before @ is no user name')
  decodePercents(user)
}

/** In a host only bytes from 0x80 on may be escaped, and the percent sign itself. */
function decodeHost(host: string): string {
  const forbidden = /%(?!25|[89a-f][\da-f]).{0,2}/i.exec(host)?.[0]
  if (forbidden !== undefined)
    throw new SchemelessUrlError(`its host has the escape ${JSON.stringify(forbidden)}`)
  return checkHost(decodePercents(host), host.replaceAll(/%../g, ''))
}

/** A zone's escapes must be of what a host may hold anyway, or of a space. */
function decodeZone(zone: string): string {
  const escaped = [...zone.matchAll(/%(?!25|20)../g)].map(([bytes]) => decodePercents(bytes)).join('')
  if (/[\x80-\xff]/.test(escaped)) throw new SchemelessUrlError('its zone has an escape that is not ASCII')
  return checkHost(decodePercents(zone), zone.replaceAll(/%../g, '') + escaped)
}

function checkHost(host: string, plain: string): string {
  if (HOST_CHARACTERS.test(plain)) return host
  const bad = [...plain].find((character) => !HOST_CHARACTERS.test(character)) ?? ''
  throw new SchemelessUrlError(`its host has the character ${JSON.stringify(bad)}`)
}

function decodePercents(text: string): string {
  const broken = /%(?![\da-f]{2}).{0,2}/i.exec(text)?.[0]
  if (broken !== undefined) throw new SchemelessUrlError(`it has a broken escape ${JSON.stringify(broken)}`)
  return text.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const HOST_WITH_PORT = /^(?:\[(?<address>[^[\]]*)\]|(?<name>[^:[\]]*)):(?<port>[^:[\]]*)$/

/** As Go's net.SplitHostPort: an IPv6 address loses its brackets only where a port follows. */
function splitPort(host: string): Pick<SchemelessUrl, 'hostParts' | 'port'> {
  const { address, name, port = '' } = HOST_WITH_PORT.exec(host)?.groups ?? {}
  return { hostParts: (address ?? name ?? host).split('.'), port }
}
