import type { Metrics } from '../../telemetry/metrics.ts'
import type { ServingPair } from '../certificates/serving-pair.ts'
import type { Health } from '../server/health.ts'
import type { RecentDecision } from './recent-decisions.ts'

/** A count, and what is counted. */
export interface Count {
  readonly name: string
  readonly count: number
}

/** What a replica says of itself: `GET /status.json` on the metrics port. All of it may be read by everybody. */
export interface Status {
  readonly version: string
  /** ISO 8601, as are all times. */
  readonly startedAt: string
  /** What it waits for, a line each; empty when it is ready. */
  readonly pendingReasons: readonly string[]
  /** What it serves; absent until there is one. */
  readonly certificate?: { readonly chainPem: string; readonly notAfter: string } | undefined
  /** The end of its own authority; absent where certificates come from elsewhere. */
  readonly authorityNotAfter?: string | undefined
  readonly watches: readonly {
    readonly resource: string
    readonly isConnected: boolean
    /** Since it was last heard of. */
    readonly ageSeconds: number
  }[]
  readonly accounts: { readonly annotated: number; readonly others: number }
  readonly decisions: readonly Count[]
  readonly lookups: readonly Count[]
  /** The newest first; absent unless they are kept. */
  readonly recentDecisions?: readonly RecentDecision[] | undefined
}

/** What a status is read from. */
export interface StatusParts {
  readonly version: string
  readonly startedAt: Date
  readonly health: Pick<Health, 'findPendingReasons'>
  readonly metrics: Metrics
  readonly findCertificate: () => ServingPair | undefined
  readonly listRecentDecisions?: (() => readonly RecentDecision[]) | undefined
}

/** Reads the status as of now: what `/metrics` counts, in words. */
export async function readStatus(parts: StatusParts): Promise<Status> {
  const { metrics, findCertificate } = parts
  const pair = findCertificate()
  const [authorityEnd] = (await metrics.certificateAuthorityNotAfter.get()).values
  const ages = (await metrics.watchAge.get()).values
  const connected = (await metrics.watchConnected.get()).values
  const accounts = (await metrics.cachedAccounts.get()).values
  const countAccounts = (annotated: string) =>
    accounts.find(({ labels }) => String(labels.annotated) === annotated)?.value ?? 0
  return {
    version: parts.version,
    startedAt: parts.startedAt.toISOString(),
    pendingReasons: parts.health.findPendingReasons(),
    certificate: pair && { chainPem: pair.certificatePem, notAfter: pair.notAfter.toISOString() },
    authorityNotAfter: authorityEnd?.value ? new Date(authorityEnd.value * 1000).toISOString() : undefined,
    watches: connected.map(({ labels, value }) => ({
      resource: String(labels.resource),
      isConnected: value === 1,
      ageSeconds: Math.round(ages.find((age) => age.labels.resource === labels.resource)?.value ?? 0),
    })),
    accounts: { annotated: countAccounts('true'), others: countAccounts('false') },
    decisions: countBy((await metrics.decisions.get()).values, ({ reason }) => reason),
    lookups: countBy((await metrics.accountLookups.get()).values, ({ result }) => result),
    recentDecisions: parts.listRecentDecisions?.(),
  }
}

/** The largest first. */
function countBy<Labels>(
  values: readonly { readonly value: number; readonly labels: Labels }[],
  nameOf: (labels: Labels) => string | number | undefined,
): readonly Count[] {
  const counts = new Map<string, number>()
  for (const { value, labels } of values) {
    const name = String(nameOf(labels))
    counts.set(name, (counts.get(name) ?? 0) + value)
  }
  return [...counts]
    .filter(([, count]) => count > 0)
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count)
}
