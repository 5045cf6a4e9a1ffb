import type { Authorization } from './authorization.ts'

/** What an answer is made of. */
export interface CredentialAnswer {
  /** The request's. */
  readonly apiVersion: string
  /** The registry's, as it is written in the image: the kubelet compares it with that. */
  readonly host: string
  readonly authorization: Authorization
}

/** Writes the answer, one line. The kubelet decodes strictly, so there is no other member; their order is the reference's. */
export function renderCredentialResponse(answer: CredentialAnswer, now: Date): string {
  const { username, password, expiresAt } = answer.authorization
  const response = {
    kind: 'CredentialProviderResponse',
    apiVersion: answer.apiVersion,
    cacheKeyType: 'Registry',
    cacheDuration: formatCacheDuration(expiresAt, now),
    auth: { [answer.host]: { username, password } },
  }
  return `${JSON.stringify(response)}\n`
}

/**
 * How long the kubelet may keep credentials: half of what is left of them, in whole seconds, as Go writes durations.
 *
 * `0s` where that is unknown or over: without the member, the kubelet would keep them for its defaultCacheDuration.
 */
export function formatCacheDuration(expiresAt: Date | undefined, now: Date): string {
  const leftMs = expiresAt === undefined ? 0 : expiresAt.getTime() - now.getTime()
  const totalSeconds = leftMs > 0 ? Math.floor(leftMs / 2000) : 0
  const hours = Math.floor(totalSeconds / 3600)
  const minutes = Math.floor(totalSeconds / 60) % 60
  const seconds = `${totalSeconds % 60}s`
  if (hours > 0) return `${hours}h${minutes}m${seconds}`
  return minutes > 0 ? `${minutes}m${seconds}` : seconds
}
