import type { AuthorityCertificate } from './authority-certificate.ts'
import type { SigningAuthority } from './certificate-secret.ts'

/** The certificate that a replica serves with, and who signed it. */
export interface ServedLeaf {
  readonly authority: SigningAuthority
  /** When a new one should take its place: at two thirds of its life. */
  readonly renewalMs: number
  readonly notAfterMs: number
}

/**
 * Decides which authority signs a new certificate now; undefined where the one that is served stays.
 *
 * A replica goes over to another authority only once API servers have trusted that one for the overlap, unless it has
 * nothing valid to go on with.
 */
export function chooseSigner(options: {
  /** Of the Secret; undefined where that could not be read. */
  readonly current: SigningAuthority | undefined
  readonly served: ServedLeaf | undefined
  readonly heldMs: (authority: AuthorityCertificate) => number
  readonly nowMs: number
  readonly overlapMs: number
}): SigningAuthority | undefined {
  const { current, served, nowMs } = options
  if (served === undefined || served.notAfterMs <= nowMs) return current
  const isDue = nowMs >= served.renewalMs
  if (current === undefined || current.fingerprint === served.authority.fingerprint)
    return isDue ? (current ?? served.authority) : undefined
  if (options.heldMs(current) >= options.overlapMs) return current
  return isDue ? served.authority : undefined
}
