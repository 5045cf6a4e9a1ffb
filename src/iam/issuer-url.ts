import { quoteText } from '../text/quoted-text.ts'
/** The URL that a cluster's tokens name as their issuer. Everyone compares it byte for byte: nothing is added or removed. */
export interface Issuer {
  /** As it was given. */
  readonly url: string
  /** `url` without `https://`: how IAM names the issuer in ARNs and in the keys of conditions. */
  readonly hostPath: string
  /** As written, with the port if there is one. */
  readonly host: string
  /** From the first slash after the host on; empty where there is none. */
  readonly path: string
  /** Whether a port is written, 443 too. */
  readonly hasPort: boolean
  /** What the paths of the two documents are added to: `url` without slashes at its end. */
  readonly baseUrl: string
}

const ISSUER = /^https:\/\/(?<host>[^/?#@\s\\]+)(?<path>\/[^?#\s\\]*)?$/

/** Throws an Error of one line that says what is wrong with it. */
export function parseIssuer(text: string): Issuer {
  const flaw = findFlaw(text)
  const { host = '', path = '' } = ISSUER.exec(text)?.groups ?? {}
  if (flaw !== undefined || host === '')
    throw new Error(`issuer ${quote(text)}: ${flaw ?? 'it is no URL'}; write https://HOST/PATH`)
  return {
    url: text,
    hostPath: host + path,
    host,
    path,
    hasPort: /:\d*$/.test(host),
    baseUrl: text.replace(/\/+$/, ''),
  }
}

/** What makes the text unusable as an issuer; `undefined` where nothing does. */
function findFlaw(text: string): string | undefined {
  if (text.includes(',https://') || text.includes(', https://'))
    return 'these are two issuers, joined by a comma'
  if (!text.startsWith('https://')) return 'it must begin with https://'
  if (/[^\x21-\x7e]/.test(text)) return 'it has a space or a character that is not ASCII'
  if (text.includes('?')) return 'it must have no query'
  if (text.includes('#')) return 'it must have no fragment'
  if (/^https:\/\/[^/]*@/.test(text)) return 'it must have no user'
  return URL.canParse(text) ? undefined : 'it is no URL'
}

/** A password may be in it: what stands before an @ is not repeated. */
function quote(text: string): string {
  return quoteText(text.replace(/\/\/[^/]*@/, '//…@'))
}
