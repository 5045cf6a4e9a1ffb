import type { StoredObject } from './bucket-client.ts'
import type { IssuerLocation } from './issuer-location.ts'

/** Five minutes: a new key is published long before API servers sign with it, and STS asks again for a kid that it does not know. */
export const CACHE_CONTROL = 'max-age=300'

export const KEYS_TYPE = 'application/jwk-set+json'
export const DISCOVERY_TYPE = 'application/json'

/**
 * Whether the documents that are there were written by this program: they are of this issuer and have its types and its
 * Cache-Control. Such objects have no ACL, so that writing them again does not change who may read them.
 */
export function areOwnDocuments(
  { issuer }: Pick<IssuerLocation, 'issuer'>,
  keysObject: StoredObject | undefined,
  discoveryObject: StoredObject | undefined,
): boolean {
  return (
    keysObject?.contentType === KEYS_TYPE &&
    keysObject.cacheControl === CACHE_CONTROL &&
    discoveryObject?.contentType === DISCOVERY_TYPE &&
    discoveryObject.cacheControl === CACHE_CONTROL &&
    readIssuer(discoveryObject.body) === issuer.url
  )
}

function readIssuer(body: string): unknown {
  try {
    const document: unknown = JSON.parse(body)
    return typeof document === 'object' && document !== null && 'issuer' in document
      ? document.issuer
      : undefined
  } catch {
    return undefined
  }
}
