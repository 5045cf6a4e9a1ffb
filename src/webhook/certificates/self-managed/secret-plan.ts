import { type AuthorityCertificate, uniteBundles } from './authority-certificate.ts'
import type { CertificateSecret, SigningAuthority, StoredAuthority } from './certificate-secret.ts'
import { type CertificateLifetimes, CLOCK_SKEW_MS, findRetentionMs } from './lifetimes.ts'

/**
 * Why the Secret is to be changed: `created`, the first authority; `replaced`, the one that was there cannot be used;
 * `adopted`, somebody else put a good one there; `introduced`, the next one is trusted from now on; `promoted`, the next
 * one signs from now on; `restored`, one in use was missing among the trusted; `retired`, one is no longer needed there.
 */
export type SecretChange =
  | 'created'
  | 'replaced'
  | 'adopted'
  | 'introduced'
  | 'promoted'
  | 'restored'
  | 'retired'

/** What the Secret is to hold; the bundle is all of it together. */
export interface SecretPlan {
  readonly change: SecretChange
  readonly current: SigningAuthority | 'new'
  readonly next: SigningAuthority | 'new' | undefined
  readonly others: readonly AuthorityCertificate[]
  readonly signingSinceMs: number
}

/** What a replica knows besides the Secret. */
export interface ReplicaView {
  /** The authority of the certificate that it serves with now. */
  readonly served: AuthorityCertificate | undefined
  /** The authorities in the caBundles of our webhooks. */
  readonly trusted: readonly AuthorityCertificate[]
  /** For how long API servers were seen to trust an authority without a break. */
  readonly heldMs: (authority: AuthorityCertificate) => number
  readonly nowMs: number
  readonly lifetimes: CertificateLifetimes
}

/** Decides what the Secret should hold; undefined where it holds that. A plan that was carried out is followed by none. */
export function planSecret(secret: CertificateSecret, view: ReplicaView): SecretPlan | undefined {
  const { nowMs, lifetimes, heldMs } = view
  const current = findUsable(secret.current)
  const next = findNext(secret, current)
  if (current === undefined) {
    const isFirst =
      secret.current.state === 'empty' && secret.bundle.length === 0 && view.served === undefined
    const plan = { current: next ?? ('new' as const), next: undefined, signingSinceMs: nowMs }
    return complete(isFirst ? 'created' : 'replaced', plan, secret, view)
  }
  const { signingSinceMs } = secret
  if (signingSinceMs === undefined)
    return complete('adopted', { current, next, signingSinceMs: nowMs }, secret, view)
  if (next !== undefined && Math.min(heldMs(current), heldMs(next)) >= lifetimes.overlapMs)
    return complete('promoted', { current: next, next: undefined, signingSinceMs: nowMs }, secret, view)
  if (next === undefined && nowMs >= findRenewalMs(current, lifetimes))
    return complete('introduced', { current, next: 'new', signingSinceMs }, secret, view)
  // Where this replica still serves with one that others took out, the time to take it out begins anew: they would else put
  // it in and take it out in turn.
  const sinceMs = isMissing(view.served, secret, view) ? nowMs : signingSinceMs
  return correctBundle(complete('restored', { current, next, signingSinceMs: sinceMs }, secret, view), secret)
}

function isMissing(
  served: AuthorityCertificate | undefined,
  { bundle }: CertificateSecret,
  { nowMs }: ReplicaView,
) {
  if (served === undefined || served.notAfterMs <= nowMs) return false
  return bundle.every(({ fingerprint }) => fingerprint !== served.fingerprint)
}

/** When an authority's successor is to be introduced: at two thirds of the life that ours have, or of its own where that is shorter. */
function findRenewalMs({ notBeforeMs, notAfterMs }: AuthorityCertificate, lifetimes: CertificateLifetimes) {
  // Counted from its end: its beginning is set back for clocks that run behind.
  return notAfterMs - Math.min(lifetimes.authorityMs, notAfterMs - notBeforeMs) / 3
}

function findUsable(stored: StoredAuthority): SigningAuthority | undefined {
  return stored.state === 'usable' ? stored.authority : undefined
}

function findNext({ next }: CertificateSecret, current: SigningAuthority | undefined) {
  const authority = findUsable(next)
  return authority?.fingerprint === current?.fingerprint ? undefined : authority
}

/** Adds all that must stay trusted besides: what this replica serves with, and what others may still serve with. */
function complete(
  change: SecretChange,
  plan: Pick<SecretPlan, 'current' | 'next' | 'signingSinceMs'>,
  secret: CertificateSecret,
  { served, trusted, nowMs, lifetimes }: ReplicaView,
): SecretPlan {
  const signed = findUsable(secret.current)
  // Where the Secret was lost, the caBundle alone still tells what other replicas serve with.
  const known = signed === undefined ? [...secret.bundle, ...trusted] : [...secret.bundle, signed]
  const isRetained = nowMs < plan.signingSinceMs + findRetentionMs(lifetimes)
  // What expired is kept for another hour: a replica whose clock runs behind may not see that yet.
  const retained = (isRetained ? known : []).filter(({ notAfterMs }) => nowMs < notAfterMs + CLOCK_SKEW_MS)
  const own = served !== undefined && nowMs < served.notAfterMs ? [served] : []
  const others = uniteBundles(retained, own).filter(({ fingerprint }) =>
    [plan.current, plan.next].every((each) => !isAuthority(each, fingerprint)),
  )
  return { change, ...plan, others }
}

function isAuthority(each: SigningAuthority | 'new' | undefined, fingerprint: string): boolean {
  return typeof each === 'object' && each.fingerprint === fingerprint
}

/** The plan, where it changes the bundle or takes away a next authority that cannot be used. */
function correctBundle(plan: SecretPlan, secret: CertificateSecret): SecretPlan | undefined {
  const wanted = new Set(
    [plan.current, plan.next, ...plan.others].flatMap((each) =>
      typeof each === 'object' ? [each.fingerprint] : [],
    ),
  )
  const held = new Set(secret.bundle.map(({ fingerprint }) => fingerprint))
  const isSubset = [...wanted].every((each) => held.has(each))
  if (wanted.size === held.size && isSubset && (secret.next.state === 'empty' || plan.next !== undefined))
    return undefined
  return { ...plan, change: isSubset ? 'retired' : 'restored' }
}
