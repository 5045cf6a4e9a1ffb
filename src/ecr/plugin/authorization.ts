import { ProviderError } from './provider-error.ts'

/** What ECR and ECR Public answer to GetAuthorizationToken. */
export interface AuthorizationData {
  /** Base64 of `username:password`. */
  readonly authorizationToken?: string | undefined
  readonly expiresAt?: Date | undefined
}

/** A registry's user and password, and when they end. */
export interface Authorization {
  readonly username: string
  readonly password: string
  readonly expiresAt: Date | undefined
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

/** Reads an authorization token. Throws a {@link ProviderError}, which repeats nothing of it. */
export function readAuthorization(data: AuthorizationData | undefined): Authorization {
  const token = data?.authorizationToken
  if (!token) throw new ProviderError('ECR answers with no authorization data')
  const decoded = BASE64.test(token) ? Buffer.from(token, 'base64').toString('utf8') : ''
  const [, username, password] = /^([^:\p{Cc}]+):(\P{Cc}+)$/u.exec(decoded) ?? []
  if (username === undefined || password === undefined) {
    throw new ProviderError("ECR's authorization token holds no username:password")
  }
  return { username, password, expiresAt: data?.expiresAt }
}
