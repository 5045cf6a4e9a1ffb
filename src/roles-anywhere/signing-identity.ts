import { type KeyObject, sign } from 'node:crypto'
import { describePath } from '../text/quoted-text.ts'
import {
  checkCertificate,
  formatSerialNumber,
  takeCertificateChain,
  takeCertificates,
} from './certificate.ts'
import { type KeySource, readCredentialFile, readKeyPassword } from './key-source.ts'
import { takePrivateKey } from './private-key.ts'
import type { RequestSigner } from './request-signature.ts'
import { RolesAnywhereError } from './roles-anywhere-error.ts'

/**
 * Reads certificate and key from their files, so that what has been rotated is used at once.
 *
 * Throws a RolesAnywhereError where they cannot be read, do not match, or are not valid at `now`.
 */
export function readSigningIdentity(source: KeySource, now: Date): RequestSigner {
  const { certificatePath: path, privateKeyPath = path, intermediatesPath } = source
  const file = readCredentialFile(path, 'the certificate')
  const keyFile = privateKeyPath === path ? file : readCredentialFile(privateKeyPath, 'the private key')
  const { leaf, intermediates } = takeCertificateChain(file, path)
  const key = takePrivateKey(keyFile, privateKeyPath, readKeyPassword(source.keyPassword))
  checkCertificate(leaf, key, { path, now })
  const chain = [...intermediates, ...readIntermediates(intermediatesPath)]
  return createRequestSigner(key, {
    serialNumber: formatSerialNumber(leaf),
    certificate: leaf.raw.toString('base64'),
    intermediates: [...new Set(chain.map(({ raw }) => raw.toString('base64')))],
  })
}

function readIntermediates(path: string | undefined) {
  if (path === undefined) return []
  const file = readCredentialFile(path, 'the intermediates')
  if (file.keys.length > 0)
    throw new RolesAnywhereError(
      `there is a private key in ${describePath(path)}, among the intermediates; give a file of certificates alone`,
    )
  return takeCertificates(file, path)
}

/** Makes the signer of a key, RSA (PKCS#1 v1.5) or EC (ECDSA as ASN.1 DER): node:crypto's own forms. */
function createRequestSigner(
  key: KeyObject,
  certificates: Pick<RequestSigner, 'serialNumber' | 'certificate' | 'intermediates'>,
): RequestSigner {
  return {
    ...certificates,
    algorithm: key.asymmetricKeyType === 'rsa' ? 'AWS4-X509-RSA-SHA256' : 'AWS4-X509-ECDSA-SHA256',
    sign: (text) => sign('sha256', Buffer.from(text), key),
  }
}
