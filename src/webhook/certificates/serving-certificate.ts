import type { ServingPair } from './serving-pair.ts'

/** A source of the certificate to serve with; it hands over the first one, and each that takes its place, as it comes. */
export interface ServingCertificate {
  /** Begins and goes on in the background. Resolves also where there is no certificate yet. */
  start(): Promise<void>
  /** Why requests must not come yet, a line each; empty while a good certificate is served. From memory, without waiting. */
  pendingReasons(): readonly string[]
  close(): Promise<void>
}

/** Takes a pair into service; handshakes from then on get it. */
export type UsePair = (pair: ServingPair) => void
