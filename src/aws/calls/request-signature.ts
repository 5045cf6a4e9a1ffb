import { createHmac, hash } from 'node:crypto'
import type { AwsCredentialIdentity } from '@aws-sdk/types'

/** A POST before it is signed. */
export interface UnsignedRequest {
  /** Without a query. */
  readonly url: URL
  /** All of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** For whom and when a signature counts. */
export interface SignatureScope {
  readonly region: string
  /** As AWS names the service in signatures: `ecr-public`. */
  readonly service: string
  readonly date: Date
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * Signs a POST by Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html);
 * the result is all headers to send.
 */
export function signRequest(
  { url, headers, body }: UnsignedRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentialIdentity,
  { region, service, date }: SignatureScope,
): Readonly<Record<string, string>> {
  const timestamp = date.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = [timestamp.slice(0, 8), region, service, 'aws4_request']
  const signed: Record<string, string> = {
    ...headers,
    host: url.host,
    'x-amz-date': timestamp,
    ...(sessionToken ? { 'x-amz-security-token': sessionToken } : {}),
  }
  const names = Object.keys(signed).sort(compareTexts)
  const canonicalRequest = [
    'POST',
    writePath(url),
    '', // no query
    ...names.map((name) => `${name}:${signed[name]?.trim().replaceAll(/\s+/g, ' ')}`),
    '',
    names.join(';'),
    hash('sha256', body),
  ].join('\n')
  const text = [ALGORITHM, timestamp, scope.join('/'), hash('sha256', canonicalRequest)].join('\n')
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  )
  const signature = createHmac('sha256', key).update(text).digest('hex')
  const proof = `Credential=${accessKeyId}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...signed, authorization: `${ALGORITHM} ${proof}` }
}

/** What the URL has escaped is escaped once more, as for all services but S3. */
function writePath({ pathname }: URL): string {
  return encode(pathname.replaceAll(/\/{2,}/g, '/')).replaceAll('%2F', '/')
}

/** By RFC 3986, which leaves fewer characters bare than encodeURIComponent does. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** By code units, which is the order that AWS has too. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
