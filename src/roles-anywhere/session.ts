import { RolesAnywhereError } from './roles-anywhere-error.ts'

/** Credentials for some time. */
export interface Session {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** As AWS wrote it: `2026-01-02T03:04:05Z`. */
  readonly expiration: string
  readonly expiresAt: Date
  readonly receivedAt: Date
}

const MEMBERS = ['accessKeyId', 'secretAccessKey', 'sessionToken', 'expiration'] as const

/** Reads CreateSession's reply. Throws a RolesAnywhereError that names what is missing and repeats nothing of it. */
export function parseSession(body: string, receivedAt: Date): Session {
  const credentials = findCredentials(body)
  if (credentials === undefined) {
    throw new RolesAnywhereError('the reply to CreateSession holds no credentials; check --endpoint')
  }
  const [accessKeyId, secretAccessKey, sessionToken, expiration] = MEMBERS.map((member) => {
    const value = credentials[member]
    if (typeof value === 'string' && value !== '') return value
    throw new RolesAnywhereError(`the reply to CreateSession lacks credentials.${member}; check --endpoint`)
  }) as [string, string, string, string]
  const expiresAt = new Date(expiration)
  if (!Number.isNaN(expiresAt.getTime()))
    return { accessKeyId, secretAccessKey, sessionToken, expiration, expiresAt, receivedAt }
  throw new RolesAnywhereError(
    'the reply to CreateSession has an expiration that is no time; check --endpoint',
  )
}

function findCredentials(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const reply = JSON.parse(body) as {
      readonly credentialSet?: readonly { readonly credentials?: Record<string, unknown> | null }[]
    } | null
    return reply?.credentialSet?.[0]?.credentials ?? undefined
  } catch {
    return undefined
  }
}
