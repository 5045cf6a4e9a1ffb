import { createHash, verify, X509Certificate } from 'node:crypto'

export interface ReceivedRequest {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly body: string
}

export interface Refusal {
  readonly status: number
  readonly type: string
  readonly message: string
}

const UNSIGNED = [
  'authorization',
  'user-agent',
  'content-length',
  'connection',
  'transfer-encoding',
  'keep-alive',
]
const MAX_SKEW_MS = 300_000
const AUTHORIZATION =
  /^(AWS4-X509-(?:RSA|ECDSA)-SHA256) Credential=(-?\d+)\/(\d{8})\/([a-z0-9-]+)\/rolesanywhere\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]+)$/

/**
 * Checks a request to CreateSession as the service is specified to, from the bytes that came; `undefined` where all is
 * right. It is written apart from the client, with no code of it.
 */
export function checkCreateSession(
  request: ReceivedRequest,
  { authorities, now }: { readonly authorities: readonly string[]; readonly now: Date },
): Refusal | undefined {
  try {
    check(
      request,
      authorities.map((pem) => new X509Certificate(pem)),
      now,
    )
    return undefined
  } catch (error) {
    const [type = '', message = ''] = String((error as Error).message).split('|')
    return { status: type === 'ValidationException' ? 400 : 403, type, message }
  }
}

function check(request: ReceivedRequest, authorities: readonly X509Certificate[], now: Date): void {
  const headers = new Map<string, string>()
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    headers.set((request.rawHeaders[index] ?? '').toLowerCase(), request.rawHeaders[index + 1] ?? '')
  }
  const header = (name: string) => headers.get(name) ?? refuse('ValidationException', `no ${name}`)
  const [path = '', query = ''] = request.url.split('?')
  if (request.method !== 'POST' || path !== '/sessions') refuse('ValidationException', 'not POST /sessions')
  if (header('content-type') !== 'application/json') refuse('ValidationException', 'content-type')
  const parsed =
    AUTHORIZATION.exec(header('authorization')) ??
    refuse('AccessDeniedException', 'Authorization is malformed')
  const [, algorithm, serial, day, region, signedHeaders = '', signature = ''] = parsed

  const expected = [...headers.keys()].filter((name) => !UNSIGNED.includes(name)).sort(compare)
  if (signedHeaders !== expected.join(';'))
    refuse('AccessDeniedException', `signed headers are ${signedHeaders}`)
  const date = header('x-amz-date')
  const time = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(time - now.getTime()) <= MAX_SKEW_MS)) refuse('AccessDeniedException', 'Signature expired')
  if (day !== date.slice(0, 8)) refuse('AccessDeniedException', 'scope is of another day')

  const leaf = new X509Certificate(Buffer.from(header('x-amz-x509'), 'base64'))
  const chain = (headers.get('x-amz-x509-chain') ?? '')
    .split(',')
    .filter((text) => text !== '')
    .map((text) => new X509Certificate(Buffer.from(text, 'base64')))
  if (BigInt(`0x${leaf.serialNumber}`).toString() !== serial) refuse('AccessDeniedException', 'serial number')
  if ((leaf.publicKey.asymmetricKeyType === 'rsa') !== (algorithm === 'AWS4-X509-RSA-SHA256'))
    refuse('AccessDeniedException', 'algorithm')

  const canonicalQuery = [...new URLSearchParams(query)]
    .map(([name, value]) => [name, value].map(encodeStrictly).join('='))
    .sort(compare)
    .join('&')
  if (canonicalQuery !== query) refuse('AccessDeniedException', 'query is not encoded by RFC 3986 and sorted')
  const canonical = [
    'POST\n/sessions',
    canonicalQuery,
    ...expected.map((name) => `${name}:${headers.get(name)}`),
    '',
    signedHeaders,
    sha256(request.body),
  ].join('\n')
  const toSign = `${algorithm}\n${date}\n${day}/${region}/rolesanywhere/aws4_request\n${sha256(canonical)}`
  if (!verify('sha256', Buffer.from(toSign), leaf.publicKey, Buffer.from(signature, 'hex')))
    refuse('AccessDeniedException', 'The request signature does not match')

  checkChain(leaf, chain, authorities, now)
  checkContent(new URLSearchParams(query), request.body, region)
}

function checkChain(
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  now: Date,
): void {
  if (leaf.ca) refuse('AccessDeniedException', 'Untrusted certificate. Insufficient certificate')
  let current = leaf
  for (let depth = 0; depth < 5; depth++) {
    if (now < current.validFromDate || now > current.validToDate)
      refuse('AccessDeniedException', 'Untrusted certificate. Certificate expired')
    const isIssuer = (candidate: X509Certificate) =>
      candidate.ca && current.checkIssued(candidate) && current.verify(candidate.publicKey)
    if (authorities.some(isIssuer)) return
    current = chain.find(isIssuer) ?? refuse('AccessDeniedException', 'Untrusted signing certificate')
  }
  refuse('AccessDeniedException', 'Untrusted signing certificate')
}

function checkContent(query: URLSearchParams, body: string, region: string | undefined): void {
  if ([...query.keys()].sort(compare).join() !== 'profileArn,roleArn,trustAnchorArn')
    refuse('ValidationException', 'query parameters')
  if (query.get('trustAnchorArn')?.split(':')[3] !== region) refuse('AccessDeniedException', 'region')
  if (query.get('roleArn')?.endsWith('/absent')) refuse('AccessDeniedException', 'Role is not in the profile')
  const { durationSeconds, roleSessionName, ...rest } = JSON.parse(body) as Record<string, unknown>
  const isRight =
    typeof durationSeconds === 'number' &&
    durationSeconds >= 900 &&
    durationSeconds <= 43_200 &&
    ['undefined', 'string'].includes(typeof roleSessionName) &&
    Object.keys(rest).length === 0
  if (!isRight) refuse('ValidationException', 'body')
}

/** By code units. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function encodeStrictly(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return /[A-Za-z0-9._~-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}

function refuse(type: string, message: string): never {
  throw new Error(`${type}|${message}`)
}
