import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createCertificateAuthority,
  type IssuedPair,
} from '../../src/webhook/certificates/certificate-authority.ts'

/** A certificate and its key, as files. */
export interface CertificatePair {
  readonly certPath: string
  readonly keyPath: string
}

/** An authority, and two P-256 pairs of it for 127.0.0.1. */
export interface BenchCertificates {
  /** The authority's certificate, PEM. */
  readonly ca: string
  readonly pair: CertificatePair
  readonly otherPair: CertificatePair
}

const HOUR_MS = 60 * 60 * 1000

/** Makes the certificates of one run, valid from an hour ago for two days, in folders of their own. */
export async function createCertificates(directory: string): Promise<BenchCertificates> {
  const now = Date.now()
  const validity = { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + 48 * HOUR_MS) }
  const authority = await createCertificateAuthority({ ...validity, commonName: 'benchmark CA' })
  const names = ['localhost', '127.0.0.1']
  return {
    ca: authority.certificatePem,
    pair: writePair(join(directory, 'pair'), await authority.issue({ ...validity, names })),
    otherPair: writePair(join(directory, 'other-pair'), await authority.issue({ ...validity, names })),
  }
}

function writePair(folder: string, pair: IssuedPair): CertificatePair {
  const paths = { certPath: join(folder, 'tls.crt'), keyPath: join(folder, 'tls.key') }
  mkdirSync(folder)
  writeFileSync(paths.certPath, pair.certificatePem)
  writeFileSync(paths.keyPath, pair.privateKeyPem, { mode: 0o600 })
  return paths
}
