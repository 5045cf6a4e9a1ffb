import type { Session } from '../session.ts'
import { answerText, answerUnavailable, type Endpoint, type EndpointRequest } from './endpoint.ts'
import type { MetadataTokens } from './metadata-tokens.ts'

const TOKEN_PATH = '/latest/api/token'
const ROLES_PATH = '/latest/meta-data/iam/security-credentials'
const TOKEN_HEADER = 'x-aws-ec2-metadata-token'
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds'
const MAX_TTL_SECONDS = 21_600

/** Makes the endpoint that stands in for EC2 instance metadata, version 2 only, as the helper's `serve` does. */
export function createMetadataEndpoint(options: {
  readonly tokens: MetadataTokens
  /** Without its path. */
  readonly roleName: string
  getSession(): Promise<Session>
}): Endpoint {
  const { tokens, roleName } = options
  return async (request) => {
    const path = request.path.replace(/\/$/, '')
    if (path === TOKEN_PATH) return answerTokenRequest(request, tokens)
    if (request.method !== 'GET') return answerText(405, 'only GET is answered')
    const token = request.headers[TOKEN_HEADER]
    const secondsLeft = typeof token === 'string' ? tokens.secondsLeft(token) : undefined
    if (secondsLeft === undefined) return answerText(401, `PUT ${TOKEN_PATH} gives the token that is needed`)
    const headers = { [TTL_HEADER]: String(secondsLeft) }
    if (path === ROLES_PATH)
      return { status: 200, headers: { ...headers, 'Content-Type': 'text/plain' }, body: roleName }
    if (path !== `${ROLES_PATH}/${roleName}`) return answerText(404, 'not found')
    try {
      const body = describeCredentials(await options.getSession())
      return { status: 200, headers: { ...headers, 'Content-Type': 'application/json' }, body }
    } catch (error) {
      return answerUnavailable(error)
    }
  }
}

function answerTokenRequest({ method, headers }: EndpointRequest, tokens: MetadataTokens) {
  if (method !== 'PUT') return answerText(405, 'only PUT is answered')
  // EC2's own defence: a proxy that lets strangers in adds this header.
  if (headers['x-forwarded-for'] !== undefined) return answerText(400, 'X-Forwarded-For is refused')
  const text = headers[TTL_HEADER] ?? String(MAX_TTL_SECONDS)
  const ttlSeconds = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(ttlSeconds >= 1 && ttlSeconds <= MAX_TTL_SECONDS)) {
    return answerText(400, `${TTL_HEADER} is 1 to ${MAX_TTL_SECONDS}`)
  }
  return { ...answerText(200, tokens.issue(ttlSeconds)), headers: { [TTL_HEADER]: String(ttlSeconds) } }
}

/** In the order and with the members of the helper; `LastUpdated` is when it was asked for. */
function describeCredentials(session: Session): string {
  const credentials = {
    AccessKeyId: session.accessKeyId,
    SecretAccessKey: session.secretAccessKey,
    Token: session.sessionToken,
    Code: 'Success',
    Type: 'AWS-HMAC',
    Expiration: session.expiration,
    LastUpdated: session.receivedAt.toISOString(),
  }
  return `${JSON.stringify(credentials)}\n`
}
