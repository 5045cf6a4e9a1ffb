import { X509Certificate } from 'node:crypto'
import { quoteText } from '../../text/quoted-text.ts'
import { takeCertificates } from '../certificate.ts'
import { parseCredentialFile } from '../credential-file.ts'
import { RolesAnywhereError } from '../roles-anywhere-error.ts'

/** Certificates of authorities, each once. */
export type AuthorityBundle = readonly X509Certificate[]

/**
 * Reads the certificates of a trust anchor from PEM or DER. Keys that are there too are left out: nothing but certificates
 * leaves this machine.
 *
 * `path` is for messages alone. Throws a RolesAnywhereError on what IAM Roles Anywhere would refuse, or would take and never
 * accept a certificate by: a certificate of no authority, or one that is not valid at `now`.
 */
export function readAuthorityBundle(
  bytes: Buffer,
  { path, now }: { readonly path: string; readonly now: Date },
): AuthorityBundle {
  const certificates = takeCertificates(parseCredentialFile(bytes), path)
  for (const certificate of certificates) checkAuthority(certificate, path, now)
  return unite(certificates, [])
}

/** Reads the bundle that a trust anchor has: PEM. What cannot be read of it counts as nothing. */
export function readKeptBundle(pem: string): AuthorityBundle {
  return parseCredentialFile(Buffer.from(pem)).certificates.flatMap((der) => {
    try {
      return [new X509Certificate(der)]
    } catch {
      return []
    }
  })
}

/** The certificates of the second bundle that the first lacks. */
export function findMissing(bundle: AuthorityBundle, wanted: AuthorityBundle): AuthorityBundle {
  return wanted.filter((one) => !bundle.some((other) => other.raw.equals(one.raw)))
}

/** All of the first bundle, then what the second adds. */
export function unite(bundle: AuthorityBundle, others: AuthorityBundle): AuthorityBundle {
  const united: X509Certificate[] = []
  for (const one of [...bundle, ...others]) united.push(...findMissing(united, [one]))
  return united
}

/** What IAM Roles Anywhere takes for one trust anchor. */
const MAX_CHARACTERS = 16_000

/** As IAM Roles Anywhere takes it. Throws a RolesAnywhereError where it is too long for that. */
export function writePem(bundle: AuthorityBundle): string {
  const pem = bundle.map((certificate) => certificate.toString()).join('')
  if (pem.length <= MAX_CHARACTERS) return pem
  throw new RolesAnywhereError(
    `${bundle.length} certificates are ${pem.length} characters, and a trust anchor takes ${MAX_CHARACTERS}: give the certificates that are in use, with --replace`,
  )
}

/** Names them for people. */
export function describeBundle(bundle: AuthorityBundle): string {
  return bundle.map(({ subject }) => quoteText(subject.replaceAll('\n', ', '))).join(' and ')
}

function checkAuthority(
  { ca, subject, validFromDate, validToDate }: X509Certificate,
  path: string,
  now: Date,
) {
  const name = `the certificate of ${quoteText(subject.replaceAll('\n', ', '))} in ${path}`
  if (!ca)
    throw new RolesAnywhereError(
      `${name} is no authority's (CA:TRUE in its basic constraints): give the certificate of the CA that signs, not one that it signed`,
    )
  if (now > validToDate)
    throw new RolesAnywhereError(
      `${name} expired at ${validToDate.toISOString()}: give the one that is in use`,
    )
  if (now < validFromDate)
    throw new RolesAnywhereError(
      `${name} is not valid before ${validFromDate.toISOString()}; check this machine's clock`,
    )
}
