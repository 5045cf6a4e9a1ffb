/** How long what the webhook makes lives. */
export interface CertificateLifetimes {
  readonly authorityMs: number
  readonly leafMs: number
  /** How long API servers must have trusted an authority before a replica that has another one signs with it. */
  readonly overlapMs: number
}

/** How far apart the clocks of replicas and API servers may be; certificates are valid from that long before they are made. */
export const CLOCK_SKEW_MS = 3_600_000

/** How long an authority that signs no more stays trusted: its last leaf's life and a tenth, and the overlap. */
export function findRetentionMs({ leafMs, overlapMs }: CertificateLifetimes): number {
  return leafMs * 1.1 + overlapMs
}
