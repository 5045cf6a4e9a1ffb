import 'reflect-metadata' // @peculiar/x509 needs it to be there first
import { createPrivateKey, type KeyObject, type webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'

/** The time in which a certificate is valid. */
export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** A certificate and its private key, in PEM. */
export interface IssuedPair {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** A certificate authority; its pair is all that {@link restoreCertificateAuthority} needs to have it again. */
export interface CertificateAuthority extends IssuedPair {
  /** Issues a server certificate for DNS names and IP addresses, with a new key (P-256 unless said otherwise). */
  issue(
    options: Validity & { readonly names: readonly string[]; readonly keyKind?: KeyKind },
  ): Promise<IssuedPair>
}

/** A P-256 handshake costs the server two thirds of an RSA-2048 one. */
export type KeyKind = 'p256' | 'rsa2048'

const KEY_ALGORITHMS = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa2048: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  },
} as const satisfies Record<KeyKind, object>

/** Creates an authority of the given name with a new P-256 key. */
export async function createCertificateAuthority(
  options: Validity & { readonly commonName: string },
): Promise<CertificateAuthority> {
  const keys = await createKeys('p256')
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [options.commonName] }],
      notBefore: options.notBefore,
      notAfter: options.notAfter,
      keys,
      signingAlgorithm: KEY_ALGORITHMS.p256,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    },
    crypto,
  )
  return {
    certificatePem: endLine(certificate.toString('pem')),
    privateKeyPem: await writePrivateKey(keys.privateKey),
    issue: (request) =>
      issueServerCertificate(certificate, { key: keys.privateKey, algorithm: KEY_ALGORITHMS.p256 }, request),
  }
}

/**
 * Makes an authority of a pair that was stored; the key may also be RSA or P-384, as others make them.
 *
 * Throws where the pair cannot be read or {@link isSigningKey} is false of its key; does not check that the two belong together.
 */
export function restoreCertificateAuthority(pair: IssuedPair): CertificateAuthority {
  const certificate = new x509.X509Certificate(pair.certificatePem)
  const key = createPrivateKey(pair.privateKeyPem)
  const algorithm = findSigningAlgorithm(key)
  if (algorithm === undefined) throw new Error('the key is neither RSA nor ECDSA on P-256 or P-384')
  const signer = { key: key.toCryptoKey(algorithm, false, ['sign']), algorithm }
  return { ...pair, issue: (request) => issueServerCertificate(certificate, signer, request) }
}

/** Whether an authority can be restored with this private key. */
export function isSigningKey(key: KeyObject): boolean {
  return findSigningAlgorithm(key) !== undefined
}

type SigningAlgorithm =
  | { readonly name: 'ECDSA'; readonly namedCurve: string; readonly hash: string }
  | { readonly name: 'RSASSA-PKCS1-v1_5'; readonly hash: string }

interface Signer {
  readonly key: webcrypto.CryptoKey
  readonly algorithm: SigningAlgorithm
}

function findSigningAlgorithm(key: KeyObject): SigningAlgorithm | undefined {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return KEY_ALGORITHMS.p256
    case 'secp384r1':
      return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
    default:
      return undefined
  }
}

async function issueServerCertificate(
  issuer: x509.X509Certificate,
  signer: Signer,
  request: Validity & { readonly names: readonly string[]; readonly keyKind?: KeyKind },
): Promise<IssuedPair> {
  const keys = await createKeys(request.keyKind ?? 'p256')
  const names = request.names.map((value) => ({
    type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
    value,
  }))
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: [{ CN: [request.names[0] ?? 'server'] }],
      issuer: issuer.subjectName,
      notBefore: request.notBefore,
      notAfter: request.notAfter,
      publicKey: keys.publicKey,
      signingKey: signer.key,
      signingAlgorithm: signer.algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, crypto),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    },
    crypto,
  )
  return {
    certificatePem: endLine(certificate.toString('pem')),
    privateKeyPem: await writePrivateKey(keys.privateKey),
  }
}

async function writePrivateKey(key: CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey('pkcs8', key)
  return endLine(x509.PemConverter.encode(der, x509.PemConverter.PrivateKeyTag))
}

async function createKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  return await crypto.subtle.generateKey(KEY_ALGORITHMS[kind], true, ['sign', 'verify'])
}

function endLine(pem: string): string {
  return `${pem.trimEnd()}\n`
}
