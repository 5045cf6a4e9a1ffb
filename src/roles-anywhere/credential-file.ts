import { DER_TAG, type DerElement, readElements, readSequence } from './der.ts'

/** How a private key is encoded, in the words of node:crypto. */
export interface KeyEncoding {
  readonly kind: 'pem' | 'pkcs8' | 'pkcs1' | 'sec1'
  readonly isEncrypted: boolean
}

/** A private key as it stands in a file. */
export interface EncodedKey {
  readonly encoding: KeyEncoding
  readonly bytes: Buffer
  /** The OID of the key's algorithm in hexadecimal, where the encoding names it in the clear. */
  readonly algorithm: string | undefined
}

/** What a file of certificates and keys holds. */
export interface CredentialFile {
  /** DER, in the order of the file. */
  readonly certificates: readonly Buffer[]
  readonly keys: readonly EncodedKey[]
  /** What the file is or holds instead, where that is known and not built. */
  readonly unsupported: 'PKCS#12' | 'TPM key' | undefined
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/g

/** Reads PEM, with any number of blocks and text between them, or DER. What it does not know it leaves out. */
export function parseCredentialFile(bytes: Buffer): CredentialFile {
  const text = bytes.toString('latin1')
  if (text.includes('-----BEGIN ')) return parsePem(text)
  const kind = classifyDer(bytes)
  return {
    certificates: kind === 'certificate' ? [bytes] : [],
    keys: kind in KEY_ENCODINGS ? [toKey(kind as keyof typeof KEY_ENCODINGS, bytes)] : [],
    unsupported: kind === 'pkcs12' ? 'PKCS#12' : undefined,
  }
}

const KEY_ENCODINGS = {
  pkcs8: { kind: 'pkcs8', isEncrypted: false },
  'encrypted-pkcs8': { kind: 'pkcs8', isEncrypted: true },
  pkcs1: { kind: 'pkcs1', isEncrypted: false },
  sec1: { kind: 'sec1', isEncrypted: false },
} as const satisfies Record<string, KeyEncoding>

function toKey(kind: keyof typeof KEY_ENCODINGS, bytes: Buffer): EncodedKey {
  const algorithm = kind === 'pkcs8' ? nameAlgorithm(readSequence(readElements(bytes)?.[0])[1]) : undefined
  return { encoding: KEY_ENCODINGS[kind], bytes, algorithm }
}

function parsePem(text: string): CredentialFile {
  const certificates: Buffer[] = []
  const keys: EncodedKey[] = []
  let unsupported: CredentialFile['unsupported']
  for (const [block, label = '', content = ''] of text.matchAll(PEM_BLOCK)) {
    const der = Buffer.from(content, 'base64')
    if (label === 'CERTIFICATE') certificates.push(der)
    else if (label === 'TSS2 PRIVATE KEY') unsupported = 'TPM key'
    else if (label.endsWith('PRIVATE KEY')) {
      // Keys of PKCS#1 and SEC 1 in PEM can be encrypted too, in the way that OpenSSL had before PKCS#8.
      const isEncrypted = label === 'ENCRYPTED PRIVATE KEY' || content.includes('Proc-Type: 4,ENCRYPTED')
      const algorithm = label === 'PRIVATE KEY' ? toKey('pkcs8', der).algorithm : undefined
      keys.push({ encoding: { kind: 'pem', isEncrypted }, bytes: Buffer.from(block, 'latin1'), algorithm })
    }
  }
  return { certificates, keys, unsupported }
}

/** Tells DER apart by its first elements: RFC 5280, RFC 5958, RFC 8017, RFC 5915 and RFC 7292. */
function classifyDer(bytes: Buffer): keyof typeof KEY_ENCODINGS | 'certificate' | 'pkcs12' | 'unknown' {
  const [first, second] = readSequence(readElements(bytes)?.[0])
  const [version] = first?.content ?? []
  if (first?.tag === DER_TAG.integer) {
    if (version === 3 && second?.tag === DER_TAG.sequence) return 'pkcs12'
    if (second?.tag === DER_TAG.sequence) return 'pkcs8'
    if (second?.tag === DER_TAG.integer) return 'pkcs1'
    return second?.tag === DER_TAG.octetString ? 'sec1' : 'unknown'
  }
  if (second?.tag === DER_TAG.octetString) return 'encrypted-pkcs8'
  return second?.tag === DER_TAG.sequence ? 'certificate' : 'unknown'
}

/** The OID of the algorithm of the key that a certificate is for, in hexadecimal (RFC 5280, 4.1). */
export function nameCertificateKeyAlgorithm(certificate: Buffer): string | undefined {
  const fields = readSequence(readSequence(readElements(certificate)?.[0])[0])
  // version [0] is left out in certificates of version 1; then serial, signature, issuer, validity, subject, key.
  const keyIndex = fields[0]?.tag === DER_TAG.version ? 6 : 5
  return nameAlgorithm(readSequence(fields[keyIndex])[0])
}

function nameAlgorithm(identifier: DerElement | undefined): string | undefined {
  const [oid] = readSequence(identifier)
  return oid?.tag === DER_TAG.oid ? oid.content.toString('hex') : undefined
}
