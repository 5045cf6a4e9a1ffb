import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { CredentialFile, EncodedKey } from './credential-file.ts'
import { RolesAnywhereError } from './roles-anywhere-error.ts'

/** ML-DSA-44, -65 and -87: 2.16.840.1.101.3.4.3.17 to .19. */
const ML_DSA_OID = /^6086480165030403(?:11|12|13)$/

/**
 * Takes the first private key of a file.
 *
 * `path` is for messages alone. Throws a RolesAnywhereError where there is no key that can sign; no message of OpenSSL
 * gets into it.
 */
export function takePrivateKey(file: CredentialFile, path: string, password: string | undefined): KeyObject {
  const [encoded] = file.keys
  if (file.unsupported !== undefined)
    throw new RolesAnywhereError(describeUnsupported(file.unsupported, path))
  if (encoded === undefined) {
    const hint =
      file.certificates.length > 0
        ? 'it holds certificates alone; name the key’s file with --private-key'
        : FORMATS
    throw new RolesAnywhereError(`no private key in ${path}: ${hint}`)
  }
  refuseMlDsa(encoded.algorithm, `the key in ${path}`)
  const key = decodeKey(encoded, path, password)
  if (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ec') return key
  throw new RolesAnywhereError(
    `the key in ${path} is of type ${key.asymmetricKeyType}; IAM Roles Anywhere takes signatures of RSA and EC keys`,
  )
}

const FORMATS = 'a key is read in PEM or DER, as PKCS#8, PKCS#1 or SEC 1'

/** Throws a RolesAnywhereError where the OID, in hexadecimal, is one of ML-DSA. `subject` begins the message. */
export function refuseMlDsa(algorithm: string | undefined, subject: string): void {
  if (algorithm === undefined || !ML_DSA_OID.test(algorithm)) return
  throw new RolesAnywhereError(`${subject} is of type ML-DSA, which is not built; use an RSA or EC key`)
}

/** Says what to do about a file that is known and not built. */
export function describeUnsupported(what: NonNullable<CredentialFile['unsupported']>, path: string): string {
  if (what === 'TPM key') return `the key in ${path} is in a TPM, which is not built; use a key in a file`
  return `${path} is PKCS#12, which is not built; turn it into PEM: openssl pkcs12 -in ${path} -noenc -out ${path}.pem`
}

function decodeKey({ encoding, bytes }: EncodedKey, path: string, password: string | undefined): KeyObject {
  const passphrase = encoding.isEncrypted ? readPassword(path, password) : undefined
  try {
    return createPrivateKey({
      key: bytes,
      ...(encoding.kind === 'pem' ? { format: 'pem' } : { format: 'der', type: encoding.kind }),
      ...(passphrase === undefined ? {} : { passphrase }),
    })
  } catch {
    const cause = encoding.isEncrypted
      ? 'the password is wrong, or the encryption is not known'
      : 'it is damaged, or of a kind that is not known'
    throw new RolesAnywhereError(`cannot read the private key in ${path}: ${cause}`)
  }
}

function readPassword(path: string, password: string | undefined): string {
  if (password !== undefined) return password
  throw new RolesAnywhereError(
    `the private key in ${path} is encrypted; give its password by --pkcs8-password-file or ROLES_ANYWHERE_KEY_PASSWORD`,
  )
}
