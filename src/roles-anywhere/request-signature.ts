import { hash } from 'node:crypto'
import { formatTimestamp, listHeaderNames, writeCanonicalRequest } from '../aws/calls/canonical-request.ts'

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
  const canonicalRequest = writeCanonicalRequest({ ...request, method: 'POST', path: '/sessions', headers })
  const stringToSign = [signer.algorithm, timestamp, scope, hash('sha256', canonicalRequest)].join('\n')
  const authorization = [
    `${signer.algorithm} Credential=${signer.serialNumber}/${scope}`,
    `SignedHeaders=${listHeaderNames(headers)}`,
    `Signature=${signer.sign(stringToSign).toString('hex')}`,
  ]
  return { ...headers, Authorization: authorization.join(', ') }
}
