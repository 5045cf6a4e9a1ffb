import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedPair,
  type KeyKind,
} from '../../src/webhook/certificates/certificate-authority.ts'
import type { ServingPair } from '../../src/webhook/certificates/serving-pair.ts'
import { readServingPair } from '../../src/webhook/certificates/serving-pair.ts'

export const HOUR_MS = 60 * 60 * 1000

/** An authority for tests, valid from an hour ago for a day. */
export function createTestAuthority(): Promise<CertificateAuthority> {
  return createCertificateAuthority({ commonName: 'test CA', ...validFor(-HOUR_MS, 24 * HOUR_MS) })
}

/** A pair for localhost, by default valid from an hour ago for a day. */
export function issueLocalPair(
  authority: CertificateAuthority,
  options: { readonly startsInMs?: number; readonly endsInMs?: number; readonly keyKind?: KeyKind } = {},
): Promise<IssuedPair> {
  const { startsInMs = -HOUR_MS, endsInMs = 24 * HOUR_MS, keyKind = 'p256' } = options
  return authority.issue({ names: ['localhost', '127.0.0.1'], keyKind, ...validFor(startsInMs, endsInMs) })
}

/** The pair as the server takes it; throws where it cannot be served. */
export function checkPair(pair: IssuedPair): ServingPair {
  const reading = readServingPair(pair.certificatePem, pair.privateKeyPem, new Date())
  if (!reading.isUsable) throw new Error(reading.problem)
  return reading.pair
}

/** Where a pair of `writePair` is. */
export function pathsIn(folder: string): {
  readonly certificatePath: string
  readonly privateKeyPath: string
} {
  return { certificatePath: join(folder, 'tls.crt'), privateKeyPath: join(folder, 'tls.key') }
}

/** Writes a pair, or one half of it, into tls.crt and tls.key; each file is replaced at once. */
export async function writePair(folder: string, pair: Partial<IssuedPair>): Promise<void> {
  const { certificatePath, privateKeyPath } = pathsIn(folder)
  if (pair.privateKeyPem !== undefined) await replaceFile(privateKeyPath, pair.privateKeyPem)
  if (pair.certificatePem !== undefined) await replaceFile(certificatePath, pair.certificatePem)
}

async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

function validFor(startsInMs: number, endsInMs: number) {
  const nowMs = Date.now()
  return { notBefore: new Date(nowMs + startsInMs), notAfter: new Date(nowMs + endsInMs) }
}
