import { isAtLeastVersion } from '../../../kubernetes/api-object.ts'

/** What a sight of the webhook configuration showed: the authorities that all our webhooks trust, or that nobody calls us. */
export interface TrustSight {
  /** Fingerprints; undefined where there is no webhook of ours, so that no API server calls. */
  readonly trusted: ReadonlySet<string> | undefined
  /** Empty where the configuration does not exist. */
  readonly resourceVersion: string
}

/**
 * For how long API servers have trusted each authority, as far as this replica has seen it.
 *
 * Times are of its own monotonic clock, so no two machines' clocks are ever compared. What was not looked at does not count: a
 * time ends with the last sight.
 */
export class TrustObservation {
  #heldSinceMs: ReadonlyMap<string, number> = new Map()
  #sight: (TrustSight & { readonly atMs: number }) | undefined

  /** Whether anything was seen yet. */
  get isKnown(): boolean {
    return this.#sight !== undefined
  }

  /** Whether who calls us, if anybody does, trusts this authority. */
  isTrusted(fingerprint: string): boolean {
    return this.#sight !== undefined && (this.#sight.trusted?.has(fingerprint) ?? true)
  }

  /** 0 where it is not trusted now; endless where nobody calls. */
  findHeldMs(fingerprint: string): number {
    if (this.#sight === undefined) return 0
    if (this.#sight.trusted === undefined) return Number.POSITIVE_INFINITY
    const sinceMs = this.#heldSinceMs.get(fingerprint)
    return sinceMs === undefined ? 0 : this.#sight.atMs - sinceMs
  }

  note(sight: TrustSight, nowMs: number): void {
    const last = this.#sight
    if (last !== undefined && isOlder(sight, last)) {
      // A watch tells late of what a GET has outrun: whom it did not trust has been trusted since the GET at best.
      this.#heldSinceMs = this.#continue(sight.trusted ?? new Set(), [...this.#heldSinceMs.keys()], last.atMs)
      return
    }
    const trusted = [...(sight.trusted ?? [])]
    this.#heldSinceMs = this.#continue(new Set(this.#heldSinceMs.keys()), trusted, nowMs)
    this.#sight = { ...sight, atMs: nowMs }
  }

  /** Who of `fingerprints` was trusted without a break keeps its beginning; the others begin at `sinceMs`. */
  #continue(unbroken: ReadonlySet<string>, fingerprints: readonly string[], sinceMs: number) {
    return new Map(
      fingerprints.map((each) => [
        each,
        unbroken.has(each) ? (this.#heldSinceMs.get(each) ?? sinceMs) : sinceMs,
      ]),
    )
  }
}

function isOlder(left: TrustSight, right: TrustSight): boolean {
  if (left.resourceVersion === '' || right.resourceVersion === '') return false
  return !isAtLeastVersion(left.resourceVersion, right.resourceVersion)
}
