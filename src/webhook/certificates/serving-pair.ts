import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

/** A serving certificate with its private key, checked. */
export interface ServingPair {
  /** The leaf first, then its chain. */
  readonly certificatePem: string
  readonly privateKeyPem: string
  readonly notAfter: Date
  /** Hexadecimal, for log lines. */
  readonly serialNumber: string
}

/** A pair that may be served, or why it may not: one line, without secrets. */
export type PairReading =
  | { readonly isUsable: true; readonly pair: ServingPair }
  | {
      readonly isUsable: false
      readonly problem: string
      /** Set where waiting until then is all that it takes. */
      readonly notBefore?: Date
    }

/** Checks that certificate and key can be read, belong together, are valid at `now` and are taken by OpenSSL. */
export function readServingPair(certificatePem: string, privateKeyPem: string, now: Date): PairReading {
  const leaf = attempt(() => new X509Certificate(certificatePem))
  if (leaf === undefined) return refuse('the certificate is not PEM, or not all of it is there')
  const key = attempt(() => createPrivateKey(privateKeyPem))
  if (key === undefined)
    return refuse('the key is not an unencrypted PEM private key, or not all of it is there')
  // A key of another kind than the certificate's slips through OpenSSL's own check and breaks every handshake.
  if (!isKeyOf(leaf, key)) return refuse('the key does not belong to the certificate')
  if (leaf.validToDate <= now) return refuse(`the certificate expired at ${leaf.validToDate.toISOString()}`)
  if (leaf.validFromDate > now) {
    const problem = `the certificate is not valid before ${leaf.validFromDate.toISOString()}`
    return { isUsable: false, problem, notBefore: leaf.validFromDate }
  }
  // The rest of the chain, and what OpenSSL's security level says of key sizes and signatures.
  if (attempt(() => createSecureContext({ cert: certificatePem, key: privateKeyPem })) === undefined) {
    return refuse('the certificate’s chain cannot be read, or its key or signature is too weak')
  }
  return {
    isUsable: true,
    pair: { certificatePem, privateKeyPem, notAfter: leaf.validToDate, serialNumber: leaf.serialNumber },
  }
}

function isKeyOf(leaf: X509Certificate, key: KeyObject): boolean {
  return attempt(() => leaf.checkPrivateKey(key)) === true
}

function refuse(problem: string): PairReading {
  return { isUsable: false, problem }
}

/** OpenSSL's texts name its functions, not what a person did wrong: whether it failed is all that is kept. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
