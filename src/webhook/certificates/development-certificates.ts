import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCertificateAuthority } from './certificate-authority.ts'
import { readServingPair } from './serving-pair.ts'

/** What the server is called on a laptop, and the four names of the Service in a cluster. */
const SERVER_NAMES = [
  'localhost',
  '127.0.0.1',
  '::1',
  'pod-identity-webhook',
  'pod-identity-webhook.eks',
  'pod-identity-webhook.eks.svc',
  'pod-identity-webhook.eks.svc.cluster.local',
] as const

const DAY_MS = 24 * 60 * 60 * 1000
const VALIDITY_MS = 90 * DAY_MS
const RENEWAL_MS = 7 * DAY_MS

/** A clock that runs a little behind the maker's must not refuse a new certificate. */
const CLOCK_SKEW_MS = 5 * 60 * 1000

/**
 * Puts a development CA and a server certificate of it into `folder`: ca.crt, tls.crt and tls.key (mode 0600).
 *
 * What is there stays while it fits together and has seven days left; else all three are made anew, since the
 * authority's own key is never written.
 */
export async function ensureDevelopmentCertificates(folder: string, now: Date): Promise<'kept' | 'made'> {
  if (await areCertificatesGood(folder, now)) return 'kept'
  const validity = {
    notBefore: new Date(now.getTime() - CLOCK_SKEW_MS),
    notAfter: new Date(now.getTime() + VALIDITY_MS),
  }
  const authority = await createCertificateAuthority({
    ...validity,
    commonName: 'pod-identity-webhook development CA',
  })
  const server = await authority.issue({ ...validity, names: SERVER_NAMES })
  await mkdir(folder, { recursive: true })
  await replaceFile(join(folder, 'ca.crt'), authority.certificatePem, 0o644)
  await replaceFile(join(folder, 'tls.key'), server.privateKeyPem, 0o600)
  await replaceFile(join(folder, 'tls.crt'), server.certificatePem, 0o644)
  return 'made'
}

async function areCertificatesGood(folder: string, now: Date): Promise<boolean> {
  try {
    const [authorityPem, certificatePem, privateKeyPem] = await Promise.all(
      ['ca.crt', 'tls.crt', 'tls.key'].map((name) => readFile(join(folder, name), 'utf8')),
    )
    const renewalTime = new Date(now.getTime() + RENEWAL_MS)
    if (!readServingPair(certificatePem ?? '', privateKeyPem ?? '', renewalTime).isUsable) return false
    const authority = new X509Certificate(authorityPem ?? '')
    const leaf = new X509Certificate(certificatePem ?? '')
    return leaf.verify(authority.publicKey) && SERVER_NAMES.every((name) => isNamed(leaf, name))
  } catch {
    return false
  }
}

function isNamed(leaf: X509Certificate, name: string): boolean {
  return (leaf.checkHost(name) ?? leaf.checkIP(name)) !== undefined
}

/** A rename replaces the file at once and gives it the mode also where it existed with another. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.tmp`, text, { mode })
  await rename(`${path}.tmp`, path)
}
