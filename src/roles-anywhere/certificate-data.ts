import { formatSerialNumber, takeCertificateChain } from './certificate.ts'
import { readCredentialFile } from './key-source.ts'

const KEY_TYPES: ReadonlyMap<string | undefined, string> = new Map([
  ['rsa', 'RSA'],
  ['ec', 'EC'],
])

/**
 * Describes a certificate as the helper's `read-certificate-data` does, byte for byte.
 *
 * Throws a RolesAnywhereError where the file holds none.
 */
export function describeCertificate(path: string): string {
  const { leaf } = takeCertificateChain(readCredentialFile(path, 'the certificate'), path)
  const keyType = KEY_TYPES.get(leaf.publicKey.asymmetricKeyType) ?? ''
  return JSON.stringify({
    keyType,
    certificateData: leaf.raw.toString('base64'),
    serialNumber: formatSerialNumber(leaf),
    supportedAlgorithms: ['SHA256', 'SHA384', 'SHA512'].map((digest) => keyType + digest),
  })
}
