import { type KeyObject, X509Certificate } from 'node:crypto'
import { type CredentialFile, nameCertificateKeyAlgorithm } from './credential-file.ts'
import { describeUnsupported, refuseMlDsa } from './private-key.ts'
import { RolesAnywhereError } from './roles-anywhere-error.ts'

/** A certificate and those between it and its authority. */
export interface CertificateChain {
  readonly leaf: X509Certificate
  readonly intermediates: readonly X509Certificate[]
}

/**
 * Takes the certificates of a file: the first is the leaf, the others are intermediates.
 *
 * `path` is for messages alone. Throws a RolesAnywhereError where there is none, or the leaf is for an ML-DSA key.
 */
export function takeCertificateChain(file: CredentialFile, path: string): CertificateChain {
  const [leaf, ...intermediates] = takeCertificates(file, path)
  refuseMlDsa(nameCertificateKeyAlgorithm(leaf.raw), `the key of the certificate in ${path}`)
  return { leaf, intermediates }
}

/** Takes all certificates of a file; throws a RolesAnywhereError where there is none, or one is damaged. */
export function takeCertificates(
  file: CredentialFile,
  path: string,
): readonly [X509Certificate, ...X509Certificate[]] {
  if (file.unsupported === 'PKCS#12')
    throw new RolesAnywhereError(describeUnsupported(file.unsupported, path))
  const [first, ...others] = file.certificates.map((der) => parseCertificate(der, path))
  if (first !== undefined) return [first, ...others]
  throw new RolesAnywhereError(`no certificate in ${path}: it must be in PEM or DER`)
}

function parseCertificate(der: Buffer, path: string): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch {
    throw new RolesAnywhereError(`cannot read a certificate in ${path}: it is damaged`)
  }
}

/** Throws a RolesAnywhereError unless the certificate is valid at `now` and belongs to the key. */
export function checkCertificate(
  certificate: X509Certificate,
  key: KeyObject,
  { path, now }: { readonly path: string; readonly now: Date },
): void {
  const { validFromDate, validToDate } = certificate
  if (now < validFromDate) {
    throw new RolesAnywhereError(
      `the certificate in ${path} is not valid before ${validFromDate.toISOString()}; check this machine's clock`,
    )
  }
  if (now > validToDate) {
    throw new RolesAnywhereError(
      `the certificate in ${path} expired at ${validToDate.toISOString()}; renew it, or check this machine's clock`,
    )
  }
  if (!certificate.checkPrivateKey(key)) {
    throw new RolesAnywhereError(
      `the private key does not belong to the certificate in ${path}, whose first certificate must be the key's own`,
    )
  }
}

/** The serial number in decimal, as the Authorization header has it; serials have up to 20 bytes (RFC 5280, 4.1.2.2). */
export function formatSerialNumber({ serialNumber }: X509Certificate): string {
  // OpenSSL writes a negative number, which old authorities made, with a sign before its hexadecimal digits.
  const isNegative = serialNumber.startsWith('-')
  const magnitude = BigInt(`0x${serialNumber.replace('-', '')}`)
  return String(isNegative ? -magnitude : magnitude)
}
