import { createPublicKey, hash, type KeyObject, sign } from 'node:crypto'
import { type KeyPassword, readCredentialFile, readKeyPassword } from './key-source.ts'
import { takePrivateKey } from './private-key.ts'

export const DIGESTS = ['SHA256', 'SHA384', 'SHA512'] as const
export type Digest = (typeof DIGESTS)[number]

/**
 * Signs the helper's test text with a key: a fixed sentence, the version 1, and a digest of the public key.
 *
 * Throws a RolesAnywhereError where the key cannot be used.
 */
export function signTestString(
  privateKeyPath: string,
  password: KeyPassword | undefined,
  digest: Digest,
): Buffer {
  const file = readCredentialFile(privateKeyPath, 'the private key')
  const key = takePrivateKey(file, privateKeyPath, readKeyPassword(password))
  return sign(digest, writeTestString(key), key)
}

function writeTestString(key: KeyObject): Buffer {
  const publicKey = Buffer.concat([Buffer.from('IAM RA'), encodePublicKey(key)])
  return Buffer.concat([
    Buffer.from('AWS Roles Anywhere Credential Helper Signing Test1'),
    hash('sha256', publicKey, 'buffer'),
  ])
}

/** RSA: PKCS#1; EC: the point, uncompressed, which is what a JWK's x and y are. */
function encodePublicKey(key: KeyObject): Buffer {
  const publicKey = createPublicKey(key)
  if (key.asymmetricKeyType === 'rsa') return publicKey.export({ type: 'pkcs1', format: 'der' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
}
