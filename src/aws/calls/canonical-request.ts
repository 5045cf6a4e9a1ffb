import { hash } from 'node:crypto'

/** A request as it is signed: every header of it counts. */
export interface CanonicalParts {
  readonly method: string
  /** Encoded as it is signed. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Writes a request in the one form that client and service both sign
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 */
export function writeCanonicalRequest({ method, path, query, headers, body }: CanonicalParts): string {
  const lines = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/\s+/g, ' ')] as const)
    // By name alone: as whole lines, `x-amz-x509-chain:` would stand before `x-amz-x509:`.
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([name, value]) => `${name}:${value}`)
  const names = listHeaderNames(headers)
  return [method, path, writeQuery(query), ...lines, '', names, hash('sha256', body)].join('\n')
}

/** The names of headers, sorted, as a signature lists them. */
export function listHeaderNames(headers: CanonicalParts['headers']): string {
  return Object.keys(headers)
    .map((name) => name.toLowerCase())
    .sort(compareTexts)
    .join(';')
}

/** Writes a query with its names sorted, encoded by RFC 3986. */
export function writeQuery(query: CanonicalParts['query']): string {
  return Object.entries(query)
    .map(([name, value]) => [encodeText(name), encodeText(value)] as const)
    .sort(([a], [b]) => compareTexts(a, b))
    .map((pair) => pair.join('='))
    .join('&')
}

/** Encodes by RFC 3986, which leaves fewer characters bare than encodeURIComponent does. */
export function encodeText(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** `20260102T030405Z`. */
export function formatTimestamp(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '')
}

/** By code units, which is the order that AWS has too. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
