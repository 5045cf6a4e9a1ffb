import 'reflect-metadata' // @peculiar/x509 needs it to be there first
import type { webcrypto } from 'node:crypto'
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

/** A certificate authority whose key lives in memory alone. */
export interface CertificateAuthority {
  readonly certificatePem: string
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
    issue: (request) => issueServerCertificate(certificate, keys.privateKey, request),
  }
}

async function issueServerCertificate(
  issuer: x509.X509Certificate,
  signingKey: CryptoKey,
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
      signingKey,
      signingAlgorithm: KEY_ALGORITHMS.p256,
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
  const privateKey = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    certificatePem: endLine(certificate.toString('pem')),
    privateKeyPem: endLine(x509.PemConverter.encode(privateKey, x509.PemConverter.PrivateKeyTag)),
  }
}

async function createKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  return await crypto.subtle.generateKey(KEY_ALGORITHMS[kind], true, ['sign', 'verify'])
}

function endLine(pem: string): string {
  return `${pem.trimEnd()}\n`
}
