import { hash } from 'node:crypto'

/** What signs requests: a key and the certificate that belongs to it. */
export interface RequestSigner {
  readonly algorithm: 'AWS4-X509-RSA-SHA256' | 'AWS4-X509-ECDSA-SHA256'
  /** Of the certificate, in decimal. */
  readonly serialNumber: string
  /** DER in base64. */
  readonly certificate: string
  /** DER in base64, from the certificate upward. */
  readonly intermediates: readonly string[]
  /** Signs the text by SHA-256 with the key. */
  sign(text: string): Buffer
}

/** A request as it is before it is signed: the headers that every request of its kind has. */
export interface UnsignedRequest {
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const SERVICE = 'rolesanywhere'

/**
 * Signs `POST /sessions` by Signature Version 4 with X.509
 * (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html); the result is all
 * headers to send that are signed, and Authorization.
 */
export function signRequest(
  request: UnsignedRequest,
  signer: RequestSigner,
  { region, date }: { readonly region: string; readonly date: Date },
): Readonly<Record<string, string>> {
  const timestamp = formatTimestamp(date)
  const scope = `${timestamp.slice(0, 8)}/${region}/${SERVICE}/aws4_request`
  const headers: Record<string, string> = {
    ...request.headers,
    'X-Amz-Date': timestamp,
    'X-Amz-X509': signer.certificate,
  }
  if (signer.intermediates.length > 0) headers['X-Amz-X509-Chain'] = signer.intermediates.join(',')
  const canonicalRequest = writeCanonicalRequest({ ...request, headers })
  const stringToSign = [signer.algorithm, timestamp, scope, hash('sha256', canonicalRequest)].join('\n')
  const authorization = [
    `${signer.algorithm} Credential=${signer.serialNumber}/${scope}`,
    `SignedHeaders=${listNames(headers)}`,
    `Signature=${signer.sign(stringToSign).toString('hex')}`,
  ]
  return { ...headers, Authorization: authorization.join(', ') }
}

/** The request in the one form that client and service both sign; all headers are signed. */
export function writeCanonicalRequest({ query, headers, body }: UnsignedRequest): string {
  const lines = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    // By name alone: as whole lines, `x-amz-x509-chain:` would stand before `x-amz-x509:`.
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([name, value]) => `${name}:${value}`)
  return [
    'POST',
    '/sessions',
    writeQuery(query),
    ...lines,
    '',
    listNames(headers),
    hash('sha256', body),
  ].join('\n')
}

/** Writes a query with its names sorted, encoded by RFC 3986, which leaves fewer characters bare than URLs do. */
export function writeQuery(query: UnsignedRequest['query']): string {
  return Object.entries(query)
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => compareTexts(a, b))
    .map((pair) => pair.join('='))
    .join('&')
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** By code units, which is the order that the service has too. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function listNames(headers: Readonly<Record<string, string>>): string {
  return Object.keys(headers)
    .map((name) => name.toLowerCase())
    .sort(compareTexts)
    .join(';')
}

/** `20260102T030405Z`. */
function formatTimestamp(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '')
}
