import { createHash, createHmac } from 'node:crypto'
import type { ReceivedRequest } from './roles-anywhere-check.ts'

export interface IssuedCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: string
}

/**
 * Answers STS's GetCallerIdentity where the request is signed by Signature Version 4 with one of the issued credentials,
 * all three of them right.
 */
export function answerStsCall(
  request: ReceivedRequest,
  issued: readonly IssuedCredentials[],
): { readonly status: number; readonly answer: string; readonly call?: string } {
  const headers = new Map<string, string>()
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    headers.set((request.rawHeaders[index] ?? '').toLowerCase(), request.rawHeaders[index + 1] ?? '')
  }
  const [, accessKeyId, scope = '', signedHeaders = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]+)$/.exec(
      headers.get('authorization') ?? '',
    ) ?? []
  const credentials = issued.find((candidate) => candidate.accessKeyId === accessKeyId)
  if (credentials === undefined) return refuse('InvalidClientTokenId')
  if (headers.get('x-amz-security-token') !== credentials.sessionToken) return refuse('InvalidToken')
  const canonical = [
    request.method,
    '/',
    '',
    ...signedHeaders.split(';').map((name) => `${name}:${headers.get(name)?.trim()}`),
    '',
    signedHeaders,
    sha256(request.body),
  ].join('\n')
  const toSign = `AWS4-HMAC-SHA256\n${headers.get('x-amz-date')}\n${scope}\n${sha256(canonical)}`
  const key = scope
    .split('/')
    .reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${credentials.secretAccessKey}`)
  if (hmac(key, toSign).toString('hex') !== signature) return refuse('SignatureDoesNotMatch')
  return {
    status: 200,
    call: new URLSearchParams(request.body).get('Action') ?? '',
    answer: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/image-puller/${accessKeyId}</Arn><UserId>AROATEST:node</UserId><Account>111122223333</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  }
}

function refuse(code: string) {
  return {
    status: 403,
    answer: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${code}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
  }
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}

function hmac(key: string | Buffer, value: string): Buffer {
  return createHmac('sha256', key).update(value).digest()
}
