import type { Counter, Histogram } from 'prom-client'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Identity } from './identity/decide.ts'
import { type Outcome, REASONS, type ReasonCode } from './identity/reasons.ts'
import { describeWarning, type Warning } from './identity/warnings.ts'

/** What is told of one review: everything that a log line, the metrics and the audit log say about it. */
export interface ReviewRecord {
  readonly reason: ReasonCode
  readonly identity: Identity | undefined
  readonly warnings: readonly Warning[]
  readonly namespace?: string
  /** The pod's name or generateName. */
  readonly pod?: string | undefined
  readonly serviceAccount?: string | undefined
  readonly uid?: string
  readonly isDryRun?: boolean
  /** One line on what failed. */
  readonly cause?: string | undefined
}

/** Records a review: one log line, one decision counted, one duration observed. */
export type ReviewRecorder = (record: ReviewRecord, durationSeconds: number) => void

type Level = 'debug' | 'info' | 'warn' | 'error'

const LEVELS: Readonly<Record<Outcome, Level>> = {
  mutated: 'info',
  unchanged: 'debug',
  not_applicable: 'debug',
  failed: 'error',
}

/** The method's name in the Go webhook's metric. */
const POD_COUNT_METHODS = {
  web_identity: 'sts_web_identity',
  container_credentials: 'container_credentials',
} as const

/** Creates the recorder; children of metrics are looked up once for each combination of labels, not once a review. */
export function createReviewRecorder(logger: Logger, metrics: Metrics): ReviewRecorder {
  const decisions = new Map<ReasonCode, Map<Identity['method'] | 'none', Counter.Internal>>()
  const durations = new Map<Outcome, Histogram.Internal<'outcome'>>()
  const podCounts = new Map<Identity['method'], Counter.Internal>()

  return (record, durationSeconds) => {
    const { reason, identity, warnings } = record
    const { outcome } = REASONS[reason]
    const method = identity?.method ?? 'none'
    const byMethod = remember(decisions, reason, () => new Map())
    remember(byMethod, method, () => metrics.decisions.labels(outcome, reason, method)).inc()
    remember(durations, outcome, () => metrics.requestDuration.labels(outcome)).observe(durationSeconds)
    if (identity !== undefined) {
      const { method } = identity
      remember(podCounts, method, () => metrics.podCount.labels(POD_COUNT_METHODS[method])).inc()
    }
    for (const { code } of warnings) metrics.warnings.inc({ warning: code })
    logReview(logger, record, outcome, durationSeconds)
  }
}

function remember<K, V>(known: Map<K, V>, key: K, create: () => V): V {
  const value = known.get(key)
  if (value !== undefined) return value
  const created = create()
  known.set(key, created)
  return created
}

function logReview(logger: Logger, record: ReviewRecord, outcome: Outcome, durationSeconds: number): void {
  const usual = LEVELS[outcome]
  const level = record.warnings.length > 0 && usual !== 'error' ? 'warn' : usual
  if (!logger.isLevelEnabled(level)) return
  const { reason, identity } = record
  logger[level](
    {
      namespace: record.namespace,
      pod: record.pod,
      serviceAccount: record.serviceAccount,
      outcome,
      reason,
      method: identity?.method,
      roleArn: identity?.method === 'web_identity' ? identity.roleArn : undefined,
      uid: record.uid,
      dryRun: record.isDryRun,
      durationMs: Math.round(durationSeconds * 1e6) / 1e3,
      cause: record.cause,
      warnings: record.warnings.length > 0 ? record.warnings.map(describeWarning) : undefined,
    },
    REASONS[reason].sentence,
  )
}
