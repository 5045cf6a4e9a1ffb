import 'reflect-metadata'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

const ALGORITHMS = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'ec-p384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
} as const

export type KeyKind = keyof typeof ALGORITHMS

/** A certificate and its key, PEM, and what signs further ones. */
export interface Issued {
  readonly certificate: string
  readonly key: string
  issue(options: IssueOptions): Promise<Issued>
}

export interface IssueOptions {
  /** `CN=node-1`. */
  readonly name: string
  readonly keyKind?: KeyKind
  readonly isAuthority?: boolean
  /** Hexadecimal. */
  readonly serialNumber?: string
  /** From now. */
  readonly validFromMs?: number
  /** From now. */
  readonly validToMs?: number
  readonly dnsNames?: readonly string[]
}

/** Makes an authority whose certificate signs itself. */
export function createAuthority(options: IssueOptions = { name: 'CN=Test CA' }): Promise<Issued> {
  return issueCertificate({ ...options, isAuthority: options.isAuthority ?? true }, undefined)
}

async function issueCertificate(
  options: IssueOptions,
  issuer: { readonly name: string; readonly key: CryptoKey; readonly algorithm: object } | undefined,
): Promise<Issued> {
  const { name, keyKind = 'ec', isAuthority = false } = options
  const algorithm = ALGORITHMS[keyKind]
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    subject: name,
    issuer: issuer?.name ?? name,
    ...(options.serialNumber === undefined ? {} : { serialNumber: options.serialNumber }),
    notBefore: new Date(Date.now() + (options.validFromMs ?? -60_000)),
    notAfter: new Date(Date.now() + (options.validToMs ?? 86_400_000)),
    publicKey: keys.publicKey,
    signingKey: issuer?.key ?? keys.privateKey,
    signingAlgorithm: (issuer?.algorithm ?? algorithm) as typeof algorithm,
    extensions: [
      new BasicConstraintsExtension(isAuthority, undefined, true),
      new KeyUsagesExtension(
        isAuthority
          ? KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature
          : KeyUsageFlags.digitalSignature,
        true,
      ),
      ...(options.dnsNames === undefined
        ? []
        : [new SubjectAlternativeNameExtension(options.dnsNames.map(toGeneralName))]),
    ],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replaceAll(/.{1,64}/g, '$&\n')}-----END PRIVATE KEY-----\n`,
    issue: (next) => issueCertificate(next, { name, key: keys.privateKey, algorithm }),
  }
}

function toGeneralName(value: string) {
  return { type: /^\d+(?:\.\d+){3}$/.test(value) ? 'ip' : 'dns', value } as const
}
