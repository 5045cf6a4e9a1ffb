import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** AWS credentials that a test server knows. */
export interface KnownCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface SignedRequest {
  readonly method: string
  /** Path and query as they were sent; `/` where absent. */
  readonly url?: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type SignatureVerdict =
  | {
      readonly kind: 'right'
      readonly accessKeyId: string
      readonly region: string
      readonly service: string
    }
  | { readonly kind: 'wrong'; readonly code: string }

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/([^/]+)\/([^/]+)\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/

/** Checks Signature Version 4 of a request whose path needs no encoding, as AWS describes it and with no code of the SDK's. */
export function checkSignature(
  { method, url = '/', headers, body }: SignedRequest,
  known: readonly KnownCredentials[],
): SignatureVerdict {
  const wrong = (code: string): SignatureVerdict => ({ kind: 'wrong', code })
  const header = (name: string) => [headers[name]].flat().join(',')
  const parsed = AUTHORIZATION.exec(header('authorization'))
  if (parsed === null) return wrong('MissingAuthenticationTokenException')
  const [, accessKeyId = '', scope = '', region = '', service = '', signedHeaders = '', signature] = parsed
  const credentials = known.find((candidate) => candidate.accessKeyId === accessKeyId)
  if (credentials === undefined || header('x-amz-security-token') !== (credentials.sessionToken ?? ''))
    return wrong('UnrecognizedClientException')
  const names = signedHeaders.split(';')
  const date = header('x-amz-date')
  if (!names.includes('host') || !names.includes('x-amz-date') || !scope.startsWith(date.slice(0, 8)))
    return wrong('IncompleteSignatureException')
  const [path, query = ''] = url.split('?')
  const canonical = [
    method,
    path,
    query.split('&').sort().join('&'),
    ...names.map((name) => `${name}:${header(name).trim()}`),
    '',
    signedHeaders,
    sha256(body),
  ].join('\n')
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`
  const key = scope
    .split('/')
    .reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${credentials.secretAccessKey}`)
  if (hmac(key, toSign).toString('hex') !== signature) return wrong('InvalidSignatureException')
  return { kind: 'right', accessKeyId, region, service }
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}

function hmac(key: string | Buffer, value: string): Buffer {
  return createHmac('sha256', key).update(value).digest()
}
