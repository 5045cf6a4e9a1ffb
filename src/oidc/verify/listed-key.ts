import { createPublicKey, type webcrypto } from 'node:crypto'
import type { JWK } from 'jose'
import { isObject } from '../../iam/trust-policy.ts'

/** A key of a set, as far as it is compared. */
export interface ListedKey {
  /** Empty where there is none. */
  readonly kid: string
  /** `undefined` where it is not written, which leaves it open. */
  readonly algorithm: string | undefined
  /** Its type and numbers, equal for equal keys however they are written; `undefined` where it is no public key. */
  readonly material: string | undefined
  /** Names of its members that only the private key has. */
  readonly privateMembers: readonly string[]
  readonly jwk: JWK
}

/** RFC 7518, 6.2.2, 6.3.2 and 6.4.1. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** The keys of a JWK set; `undefined` where it has no list of them. */
export function readKeySet({ keys }: Readonly<Record<string, unknown>>): readonly ListedKey[] | undefined {
  return Array.isArray(keys) ? keys.map((key: unknown) => readKey(isObject(key) ? key : {})) : undefined
}

function readKey(jwk: Readonly<Record<string, unknown>>): ListedKey {
  const { kid, alg } = jwk
  return {
    kid: typeof kid === 'string' ? kid : '',
    algorithm: typeof alg === 'string' ? alg : undefined,
    material: readMaterial(jwk),
    privateMembers: PRIVATE_MEMBERS.filter((member) => Object.hasOwn(jwk, member)),
    jwk,
  }
}

/** Of RSA and EC keys: RFC 7518, 6.2.1 and 6.3.1. */
const PUBLIC_MEMBERS = ['kty', 'n', 'e', 'crv', 'x', 'y']

function readMaterial(jwk: Readonly<Record<string, unknown>>): string | undefined {
  // Without its private members: no error may repeat them.
  const members = Object.entries(jwk).filter(([name]) => PUBLIC_MEMBERS.includes(name))
  const key: webcrypto.JsonWebKey = Object.fromEntries(members)
  try {
    return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'der' }).toString('base64')
  } catch {
    return undefined
  }
}
