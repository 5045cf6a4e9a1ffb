import { X509Certificate } from 'node:crypto'

/** The certificate of an authority: what a bundle of trusted ones consists of. */
export interface AuthorityCertificate {
  /** With lines as OpenSSL writes them, whatever it was read from. */
  readonly certificatePem: string
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

const BLOCK = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g

/** Reads the first certificate of a PEM text; undefined where there is none or it is not an authority's. */
export function readAuthorityCertificate(pem: string): AuthorityCertificate | undefined {
  try {
    const certificate = new X509Certificate(pem)
    if (!certificate.ca) return undefined
    return {
      certificatePem: certificate.toString(),
      fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      notBeforeMs: certificate.validFromDate.getTime(),
      notAfterMs: certificate.validToDate.getTime(),
    }
  } catch {
    return undefined
  }
}

/** Reads all authorities of a PEM text, each once; what else is in it is left out. */
export function readBundle(pem: string): readonly AuthorityCertificate[] {
  const certificates = [...pem.matchAll(BLOCK)].flatMap(([block]) => readAuthorityCertificate(block) ?? [])
  return uniteBundles(certificates)
}

/** All certificates of the bundles, each once, in their order. */
export function uniteBundles(
  ...bundles: readonly (readonly AuthorityCertificate[])[]
): readonly AuthorityCertificate[] {
  return [...new Map(bundles.flat().map((certificate) => [certificate.fingerprint, certificate])).values()]
}

/** The bundle as PEM. */
export function writeBundle(bundle: readonly AuthorityCertificate[]): string {
  return bundle.map(({ certificatePem }) => certificatePem.trimEnd().concat('\n')).join('')
}

/** Whether two PEM texts hold the same certificates: line lengths, order and repetition mean nothing to who trusts them. */
export function isSameBundle(left: string, right: string): boolean {
  const [lefts, rights] = [readBlocks(left), readBlocks(right)]
  return lefts.size === rights.size && [...lefts].every((each) => rights.has(each))
}

function readBlocks(pem: string): Set<string> {
  return new Set([...pem.matchAll(BLOCK)].map(([, base64 = '']) => base64.replace(/\s/g, '')))
}
