import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

interface RsaSigningKey {
  readonly use: 'sig'
  readonly kty: 'RSA'
  readonly kid: string
  readonly alg: 'RS256'
  readonly n: string
  readonly e: string
}

interface EcSigningKey {
  readonly use: 'sig'
  readonly kty: 'EC'
  readonly kid: string
  readonly crv: Curve
  readonly alg: (typeof CURVE_ALGORITHMS)[Curve]
  readonly x: string
  readonly y: string
}

/** A public key that tokens are verified with, as a JSON Web Key; its members stand in the order in which they are published. */
export type SigningKey = RsaSigningKey | EcSigningKey

type JsonWebKey = ReturnType<typeof exportJwk>

type Curve = keyof typeof CURVE_ALGORITHMS

const CURVE_ALGORITHMS = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' } as const

/** RFC 7518, section 3.3: RS256 takes no shorter key. */
const MIN_RSA_BITS = 2048

const SUPPORTED = 'API servers sign with RSA keys and with EC keys on P-256, P-384 or P-521'

/** Makes the JSON Web Key of a public key, with the kid that kube-apiserver gives it. Throws an Error of one line on keys that it cannot sign with. */
export function toSigningKey(key: KeyObject): SigningKey {
  const kind = key.asymmetricKeyType ?? key.type
  if (kind !== 'rsa' && kind !== 'ec')
    throw new Error(`a key of the kind ${kind} is not supported: ${SUPPORTED}`)
  const bits = key.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS
  if (bits < MIN_RSA_BITS)
    throw new Error(`an RSA key of ${bits} bits is too short: RS256 takes ${MIN_RSA_BITS} bits or more`)
  const jwk = exportJwk(key)
  return buildSigningKey(jwk, computeKid(jwk))
}

/**
 * Reads a JSON Web Key as others published it; its kid is kept, and is empty where there is none. Members of a private key
 * are left out. Throws an Error of one line.
 */
export function parseSigningKey(value: unknown): SigningKey {
  if (typeof value !== 'object' || value === null) throw new Error('a key is not a JSON object')
  const { kid = '', use = 'sig', alg, ...jwk } = value as JsonWebKey & Record<'kid' | 'use' | 'alg', unknown>
  if (typeof kid !== 'string') throw new Error('the kid of a key is not a text')
  const name = JSON.stringify(kid.slice(0, 100))
  if (use !== 'sig') throw new Error(`key ${name} is not for signatures`)
  const key = buildSigningKey(jwk, kid)
  if (alg !== undefined && alg !== key.alg)
    throw new Error(`key ${name} is for ${JSON.stringify(alg)}, not for ${key.alg}: ${SUPPORTED}`)
  try {
    createPublicKey({ key: toJsonWebKey(key), format: 'jwk' })
  } catch {
    throw new Error(`key ${name} is not valid`)
  }
  return key
}

/** Whether two entries are the same key under the same kid. */
export function isSameKey(one: SigningKey, other: SigningKey): boolean {
  return identifyKey(one) === identifyKey(other)
}

/** A short name of an entry, kid and key: 16 characters of base64url, 96 bits. */
export function identifyKey(key: SigningKey): string {
  const { kty, kid } = key
  const material = kty === 'RSA' ? [key.n, key.e] : [key.crv, key.x, key.y]
  return createHash('sha256')
    .update(JSON.stringify([kty, kid, ...material]))
    .digest('base64url')
    .slice(0, 16)
}

/** Lists an entry once that is there more often; the first place counts. */
export function removeDuplicates(keys: readonly SigningKey[]): readonly SigningKey[] {
  return [...new Map(keys.map((key) => [identifyKey(key), key])).values()]
}

/** The keys, and all of them once more without a kid: the tokens of API servers before 1.16 name none. */
export function addEmptyKids(keys: readonly SigningKey[]): readonly SigningKey[] {
  return removeDuplicates([...keys, ...keys.map((key) => ({ ...key, kid: '' }))])
}

function buildSigningKey({ kty, n, e, crv, x, y }: JsonWebKey, kid: string): SigningKey {
  if (kty === 'RSA' && typeof n === 'string' && typeof e === 'string')
    return { use: 'sig', kty, kid, alg: 'RS256', n, e }
  if (kty === 'EC' && isCurve(crv) && typeof x === 'string' && typeof y === 'string')
    return { use: 'sig', kty, kid, crv, alg: CURVE_ALGORITHMS[crv], x, y }
  throw new Error(`a key of the kind ${JSON.stringify(crv ?? kty)} is not supported: ${SUPPORTED}`)
}

function isCurve(name: unknown): name is Curve {
  return typeof name === 'string' && Object.hasOwn(CURVE_ALGORITHMS, name)
}

function exportJwk(key: KeyObject) {
  try {
    return key.export({ format: 'jwk' })
  } catch {
    const curve = key.asymmetricKeyDetails?.namedCurve ?? 'curve of its own'
    throw new Error(`an EC key on ${curve} is not supported: ${SUPPORTED}`)
  }
}

/** By way of the JWK, since a file may hold the point of an EC key compressed, which kube-apiserver never writes. */
function computeKid(jwk: JsonWebKey): string {
  const der = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('base64url')
}

function toJsonWebKey(key: SigningKey): JsonWebKey {
  return { ...key }
}
