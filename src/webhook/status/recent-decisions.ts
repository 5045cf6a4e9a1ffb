import { REASONS } from '../identity/reasons.ts'
import { describeWarning } from '../identity/warnings.ts'
import type { ReviewRecord, ReviewRecorder } from '../review-recorder.ts'

/** How many decisions are kept. */
const KEPT_DECISIONS = 50

/** One decision, as the status page tells it. */
export interface RecentDecision {
  /** ISO 8601. */
  readonly time: string
  readonly namespace: string
  readonly pod: string
  readonly serviceAccount: string
  readonly reason: string
  /** The reason in words. */
  readonly sentence: string
  readonly role: string
  readonly warnings: readonly string[]
}

/** The last decisions, the newest first. */
export interface RecentDecisions {
  readonly record: ReviewRecorder
  list(): readonly RecentDecision[]
}

/** Keeps the last decisions that go to a recorder. `nowMs` gives milliseconds since 1970. */
export function keepRecentDecisions(record: ReviewRecorder, nowMs: () => number): RecentDecisions {
  const kept: { readonly timeMs: number; readonly review: ReviewRecord }[] = []
  return {
    record(review, durationSeconds) {
      record(review, durationSeconds)
      if (kept.push({ timeMs: nowMs(), review }) > KEPT_DECISIONS) kept.shift()
    },
    list: () => kept.map(describeDecision).reverse(),
  }
}

function describeDecision({ timeMs, review }: { readonly timeMs: number; readonly review: ReviewRecord }) {
  const { subject, identity, reason, warnings } = review
  return {
    time: new Date(timeMs).toISOString(),
    namespace: subject?.namespace ?? '',
    pod: subject?.pod ?? '',
    serviceAccount: subject?.serviceAccount ?? '',
    reason,
    sentence: REASONS[reason].sentence,
    role: identity?.method === 'web_identity' ? identity.roleArn : '',
    warnings: warnings.map(describeWarning),
  }
}
