import { createHmac, hash } from 'node:crypto'
import type { AwsCredentialIdentity } from '@aws-sdk/types'
import type { HttpRequest } from '../http-exchange.ts'
import { encodeText, formatTimestamp, listHeaderNames, writeCanonicalRequest } from './canonical-request.ts'

/** For whom and when a signature counts. */
export interface SignatureScope {
  readonly region: string
  /** As AWS names the service in signatures: `ecr-public`. */
  readonly service: string
  readonly date: Date
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * Signs a request, all its headers and its query, by Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html); the result is all headers
 * to send.
 */
export function signRequest(
  { method, url, headers, body }: HttpRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentialIdentity,
  { region, service, date }: SignatureScope,
): Readonly<Record<string, string>> {
  const timestamp = formatTimestamp(date)
  const scope = [timestamp.slice(0, 8), region, service, 'aws4_request']
  const signed: Record<string, string> = {
    ...headers,
    host: url.host,
    'x-amz-date': timestamp,
    ...(sessionToken ? { 'x-amz-security-token': sessionToken } : {}),
  }
  const query = Object.fromEntries(url.searchParams)
  const canonicalRequest = writeCanonicalRequest({
    ...{ method, path: writePath(url), query, headers: signed, body },
  })
  const text = [ALGORITHM, timestamp, scope.join('/'), hash('sha256', canonicalRequest)].join('\n')
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  )
  const signature = createHmac('sha256', key).update(text).digest('hex')
  const proof = `Credential=${accessKeyId}/${scope.join('/')}, SignedHeaders=${listHeaderNames(signed)}, Signature=${signature}`
  return { ...signed, authorization: `${ALGORITHM} ${proof}` }
}

/** What the URL has escaped is escaped once more, as for all services but S3. */
function writePath({ pathname }: URL): string {
  return encodeText(pathname.replaceAll(/\/{2,}/g, '/')).replaceAll('%2F', '/')
}
