import type { Histogram } from 'prom-client'
import { createTimestamp, type Logger, openLines } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createTally, type Tally } from '../telemetry/tally.ts'
import type { Identity } from './identity/decide.ts'
import { type Outcome, REASONS, type ReasonCode } from './identity/reasons.ts'
import { describeWarning, type Warning } from './identity/warnings.ts'

/** The request that a record is about, as far as it could be read. */
export interface ReviewSubject {
  readonly namespace: string
  /** The pod's name or generateName. */
  readonly pod: string | undefined
  readonly serviceAccount: string | undefined
  readonly uid: string
  readonly isDryRun: boolean
}

/** What is told of one review: everything that a log line, the metrics and the audit log say about it. */
export interface ReviewRecord {
  readonly reason: ReasonCode
  readonly identity: Identity | undefined
  readonly warnings: readonly Warning[]
  readonly subject: ReviewSubject | undefined
  /** One line on what failed. */
  readonly cause: string | undefined
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

/** What records of one reason and method have in common. */
interface Channel {
  readonly countDecision: Tally
  readonly countPod: Tally
  readonly duration: Histogram.Internal<'outcome'>
  readonly outcome: Outcome
  /** The members that are the same in every line of the channel, as JSON, with a comma before each. */
  readonly fields: string
  /** As JSON. */
  readonly message: string
}

/** Creates the recorder; what depends on reason and method alone is looked up once, not once a review. */
export function createReviewRecorder(logger: Logger, metrics: Metrics): ReviewRecorder {
  const log = createReviewLog(logger)
  const channels = new Map<ReasonCode, Map<Identity['method'] | undefined, Channel>>()

  function findChannel(reason: ReasonCode, method: Identity['method'] | undefined): Channel {
    const byMethod = channels.get(reason) ?? new Map<Identity['method'] | undefined, Channel>()
    const channel = byMethod.get(method) ?? createChannel(metrics, reason, method)
    channels.set(reason, byMethod.set(method, channel))
    return channel
  }

  return (record, durationSeconds) => {
    const { reason, identity, warnings } = record
    const method = identity?.method
    const channel = channels.get(reason)?.get(method) ?? findChannel(reason, method)
    channel.countDecision()
    channel.countPod()
    channel.duration.observe(durationSeconds)
    for (const { code } of warnings) metrics.warnings.inc({ warning: code })
    log(channel, record, durationSeconds)
  }
}

function createChannel(
  metrics: Metrics,
  reason: ReasonCode,
  method: Identity['method'] | undefined,
): Channel {
  const { outcome } = REASONS[reason]
  return {
    countDecision: createTally(metrics.decisions, { outcome, reason, method: method ?? 'none' }),
    countPod:
      method === undefined ? () => {} : createTally(metrics.podCount, { method: POD_COUNT_METHODS[method] }),
    duration: metrics.requestDuration.labels({ outcome }),
    outcome,
    fields: writeMember('outcome', outcome) + writeMember('reason', reason) + writeMember('method', method),
    message: JSON.stringify(REASONS[reason].sentence),
  }
}

/**
 * Creates what writes the one line of a review: what pino would write, put together from parts that are made once.
 *
 * pino's own way takes 9 of a review's 100 µs (docs/performance.md).
 */
function createReviewLog(
  logger: Logger,
): (channel: Channel, record: ReviewRecord, durationSeconds: number) => void {
  const writeLine = openLines(logger)
  const writeTime = createTimestamp()
  return ({ outcome, fields, message }, { identity, warnings, subject, cause }, durationSeconds) => {
    const usual = LEVELS[outcome]
    const level = warnings.length > 0 && usual !== 'error' ? 'warn' : usual
    if (!logger.isLevelEnabled(level)) return
    let line = `{"level":"${level}"${writeTime()}${fields}`
    if (subject !== undefined) {
      const { namespace, pod, serviceAccount, uid, isDryRun } = subject
      line += writeMember('namespace', namespace) + writeMember('pod', pod)
      line += writeMember('serviceAccount', serviceAccount)
      if (identity?.method === 'web_identity') line += writeMember('roleArn', identity.roleArn)
      line += `${writeMember('uid', uid)},"dryRun":${isDryRun}`
    }
    line += `,"durationMs":${Math.round(durationSeconds * 1e6) / 1e3}`
    line += writeMember('cause', cause)
    if (warnings.length > 0) line += `,"warnings":${JSON.stringify(warnings.map(describeWarning))}`
    writeLine(`${line},"msg":${message}}\n`)
  }
}

/** A member of an object as JSON, with a comma before it; nothing where there is no value. */
function writeMember(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`
}
