import t from 'tap'
import type { Step } from '../../../src/aws/step.ts'
import type { Publication } from '../../../src/oidc/publishing/publication.ts'
import { SYNC_METRICS } from '../../../src/oidc/sync/metric-table.ts'
import { Rounds } from '../../../src/oidc/sync/rounds.ts'
import { createMetricsOf } from '../../../src/telemetry/metrics.ts'
import { FakeTiming } from '../../support/fake-timing.ts'
import { createRecordedLog } from '../../support/recorded-log.ts'
import { EC, RSA } from '../support/signing-keys.ts'

const step: Step = {
  action: 'update',
  resource: 's3://issuers/keys.json',
  detail: 'key x added',
  commands: [],
  apply: async () => {},
}

function publicationOf(steps: readonly Step[], check = async () => {}): Publication {
  const retirement = { keys: [RSA, EC], retiring: [{ key: EC, missingSinceMs: 0, untilMs: 1 }], retired: [] }
  return { steps, retirement, preface: [], notes: [], facts: {}, check }
}

/** Runs as many rounds as there are outcomes: steps that are planned, or an error. */
async function runRounds(outcomes: readonly (readonly Step[] | Error)[], check?: () => Promise<void>) {
  const { logger, lines } = await createRecordedLog()
  const metrics = createMetricsOf(SYNC_METRICS, { collectNodeMetrics: false })
  const timing = new FakeTiming()
  timing.randomValue = 0.5
  const stop = new AbortController()
  const failures: (string | undefined)[] = []
  let roundCount = 0
  const rounds: Rounds = new Rounds({
    readKeys: async () => [RSA],
    plan: async () => {
      failures.push(rounds.failure)
      const outcome = outcomes[roundCount++]
      if (outcome === undefined) {
        stop.abort()
        throw new Error('stopped')
      }
      if (outcome instanceof Error) throw outcome
      return publicationOf(outcome, check)
    },
    intervalMs: 60_000,
    timing,
    logger,
    metrics,
  })
  await rounds.run(stop.signal)
  const told = lines.map(({ level, msg }) => `${level} ${msg}`)
  return { told, lines, failures, pausesMs: timing.pausesMs, page: await metrics.registry.metrics() }
}

t.test('one line a change, none for idle rounds, an interval between', async (t) => {
  const { told, pausesMs, failures, page } = await runRounds([[step, step], [], []])
  t.strictSame(told, ['info changed', 'info changed', 'info published what the cluster has'])
  t.strictSame(pausesMs, [60_000, 60_000, 60_000])
  t.strictSame(failures, ['nothing is published yet', undefined, undefined, undefined])
  t.match(page, /rounds_total\{result="success"\} 3\n/)
  t.match(page, /changes_total 2\n/)
  t.match(page, /keys\{state="current"\} 1\n/)
  t.match(page, /keys\{state="retiring"\} 1\n/)
  t.match(page, /last_success_timestamp_seconds 1767225600\n/)
})

t.test('after a failure it tries again sooner, later each time, and tells when all is well', async (t) => {
  const failed = new Error('access denied')
  const { told, lines, failures, pausesMs, page } = await runRounds([[], failed, failed, failed, [], failed])
  t.strictSame(told, [
    'info published what the cluster has',
    'error could not publish; trying again',
    'error could not publish; trying again',
    'error could not publish; trying again',
    'info published what the cluster has',
    'error could not publish; trying again',
  ])
  t.match(lines[1], { reason: 'access denied' })
  t.strictSame(pausesMs, [60_000, 150, 300, 600, 60_000, 150])
  t.equal(failures[2], 'access denied')
  t.equal(failures[5], undefined)
  t.match(page, /rounds_total\{result="failure"\} 4\n/)
})

t.test('a step that fails ends its round; those before it are told', async (t) => {
  const broken = { ...step, apply: () => Promise.reject(new Error('cut')) }
  const { told, page } = await runRounds([[step, broken, step]])
  t.strictSame(told, ['info changed', 'error could not publish; trying again'])
  t.match(page, /changes_total 1\n/)
})

t.test(
  'a look afterwards that fails is a failure of the round, whose changes and keys are told',
  async (t) => {
    const denied = () => Promise.reject(new Error('nobody can read it'))
    const { told, lines, page } = await runRounds([[step]], denied)
    t.strictSame(told, ['info changed', 'error could not publish; trying again'])
    t.match(lines[1], { reason: 'nobody can read it' })
    t.match(page, /rounds_total\{result="failure"\} 1\n/)
    t.match(page, /keys\{state="current"\} 1\n/)
  },
)
