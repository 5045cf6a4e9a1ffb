import { Writable } from 'node:stream'
import fc from 'fast-check'
import { pino } from 'pino'
import t from 'tap'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { REASONS, type ReasonCode } from '../../src/webhook/identity/reasons.ts'
import { describeWarning, WARNINGS, type WarningCode } from '../../src/webhook/identity/warnings.ts'
import { createReviewRecorder, type ReviewRecord } from '../../src/webhook/review-recorder.ts'

const TEXT = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('a"b\\c\n\u2028\u0000é😀'))
const MAYBE_TEXT = fc.option(TEXT, { nil: undefined })
const RECORD: fc.Arbitrary<ReviewRecord> = fc.record({
  reason: fc.constantFrom(...(Object.keys(REASONS) as ReasonCode[])),
  identity: fc.option(
    fc.oneof(
      fc.record({
        method: fc.constant('web_identity' as const),
        roleArn: TEXT,
        audience: TEXT,
        tokenExpirationSeconds: fc.nat(),
        isRegionalSts: fc.boolean(),
      }),
      fc.record({
        method: fc.constant('container_credentials' as const),
        tokenExpirationSeconds: fc.nat(),
        isRegionalSts: fc.boolean(),
      }),
    ),
    { nil: undefined },
  ),
  warnings: fc.array(
    fc.record({ code: fc.constantFrom(...(Object.keys(WARNINGS) as WarningCode[])), subject: TEXT }),
    { maxLength: 2 },
  ),
  subject: fc.option(
    fc.record({
      namespace: TEXT,
      pod: MAYBE_TEXT,
      serviceAccount: MAYBE_TEXT,
      uid: TEXT,
      isDryRun: fc.boolean(),
    }),
    { nil: undefined },
  ),
  cause: MAYBE_TEXT,
})

/** What pino makes of the same. */
function writeByPino(record: ReviewRecord, durationSeconds: number): unknown {
  const lines: string[] = []
  const { reason, identity, subject, warnings, cause } = record
  const { outcome, sentence } = REASONS[reason]
  const usual = { mutated: 'info', unchanged: 'debug', not_applicable: 'debug', failed: 'error' } as const
  const level = warnings.length > 0 && outcome !== 'failed' ? 'warn' : usual[outcome]
  const settings = {
    base: null,
    level: 'debug',
    timestamp: false,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const method = identity && { method: identity.method }
  const logger = pino(settings, { write: (line) => void lines.push(line) })
  logger.child({ outcome, reason, ...method })[level](
    {
      namespace: subject?.namespace,
      pod: subject?.pod,
      serviceAccount: subject?.serviceAccount,
      roleArn: subject !== undefined && identity?.method === 'web_identity' ? identity.roleArn : undefined,
      uid: subject?.uid,
      dryRun: subject?.isDryRun,
      durationMs: Math.round(durationSeconds * 1e6) / 1e3,
      cause,
      warnings: warnings.length > 0 ? warnings.map(describeWarning) : undefined,
    },
    sentence,
  )
  return JSON.parse(lines[0] ?? '')
}

t.test('the line of a review is one line, and what pino would write', async (t) => {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const logger = await createLogger({ level: 'debug', format: 'json', destination })
  const record = createReviewRecorder(logger, createMetrics({ collectNodeMetrics: false }))
  fc.assert(
    fc.property(RECORD, fc.double({ min: 0, max: 10, noNaN: true }), (review, durationSeconds) => {
      lines.length = 0
      record(review, durationSeconds)
      const [line = '', ...more] = lines
      if (more.length > 0 || line.indexOf('\n') !== line.length - 1) return false
      const { time, ...members } = JSON.parse(line)
      t.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
      t.strictSame(members, writeByPino(review, durationSeconds))
      t.strictSame(Object.keys(members), Object.keys(writeByPino(review, durationSeconds) as object))
      return true
    }),
    { numRuns: 300 },
  )
})

t.test('a line is pretty where lines are', async (t) => {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const logger = await createLogger({ level: 'info', format: 'pretty', destination })
  const record = createReviewRecorder(logger, createMetrics({ collectNodeMetrics: false }))
  const subject = { namespace: 'shop', pod: 'cart', serviceAccount: 'cart', uid: '1', isDryRun: false }
  record({ reason: 'role_mapping', identity: undefined, warnings: [], subject, cause: undefined }, 0.001)
  t.match(lines.join(''), /INFO.*: the ConfigMap pod-identity-webhook maps[\s\S]*namespace: "shop"/)
  record({ reason: 'no_role', identity: undefined, warnings: [], subject, cause: undefined }, 0.001)
  t.notMatch(lines.join(''), /has no role/, 'and not written below the level')
})
