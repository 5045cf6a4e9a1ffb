import { hash, randomBytes } from 'node:crypto'

/** The session tokens of an instance metadata endpoint. */
export interface MetadataTokens {
  /** Makes a token; the oldest leaves where there are too many. */
  issue(ttlSeconds: number): string
  /** Whole seconds that a token has left; `undefined` for one that is not valid. */
  secondsLeft(token: string): number | undefined
}

/** As the helper means to have; a program that asks for a token per call must not fill the memory. */
const MAX_TOKENS = 256

/** Makes an empty store of tokens. They are kept as digests, so that the time of a search tells nothing of them. */
export function createMetadataTokens(now: () => Date): MetadataTokens {
  const expiries = new Map<string, number>()
  return {
    issue(ttlSeconds) {
      const token = randomBytes(32).toString('base64url')
      const [oldest] = expiries.keys()
      if (expiries.size >= MAX_TOKENS && oldest !== undefined) expiries.delete(oldest)
      expiries.set(hash('sha256', token), now().getTime() + ttlSeconds * 1000)
      return token
    },
    secondsLeft(token) {
      const digest = hash('sha256', token)
      const leftMs = (expiries.get(digest) ?? 0) - now().getTime()
      if (leftMs > 0) return Math.floor(leftMs / 1000)
      expiries.delete(digest)
      return undefined
    },
  }
}
