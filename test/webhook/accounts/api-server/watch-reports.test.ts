import { pino } from 'pino'
import t from 'tap'
import { ApiConnectionError, ApiError } from '../../../../src/kubernetes/api-error.ts'
import { createMetrics } from '../../../../src/telemetry/metrics.ts'
import { WatchReports } from '../../../../src/webhook/accounts/api-server/watch-reports.ts'
import type { LogLine } from '../../../support/api-server-accounts.ts'
import { FakeTiming } from '../../../support/fake-timing.ts'

function prepare() {
  const log: LogLine[] = []
  const logger = pino({ base: null }, { write: (line) => void log.push(JSON.parse(line)) })
  const metrics = createMetrics({ collectNodeMetrics: false })
  const timing = new FakeTiming()
  return {
    log,
    metrics,
    timing,
    reports: new WatchReports({ resource: 'serviceaccounts', logger, metrics, timing }),
  }
}

t.test(
  'a failure is told when it begins, when its cause changes, every 30 s, and when it is over',
  async (t) => {
    const { log, timing, reports } = prepare()
    const refused = new ApiConnectionError('connect ECONNREFUSED')
    reports.restarted('error', refused)
    timing.advance(29_999)
    reports.restarted('error', refused)
    t.equal(log.length, 1)
    timing.advance(1)
    reports.restarted('error', refused)
    t.equal(log.length, 2)
    reports.restarted('error', new ApiConnectionError('no answer within 30000 ms'))
    t.equal(log.length, 3)
    t.equal(reports.failure, 'no answer within 30000 ms')
    reports.connected()
    t.equal(reports.failure, undefined)
    t.match(log.at(-1), { level: 30, msg: /can be read again/ })
    reports.connected()
    t.equal(log.length, 4)
  },
)

t.test('a watch that comes and goes is told once in 30 s', async (t) => {
  const { log, timing, reports } = prepare()
  for (let count = 0; count < 4; count++) {
    reports.restarted('closed', new Error('the connection broke'))
    t.equal(reports.failure, 'the connection broke')
    reports.connected()
    timing.advance(10_000)
  }
  t.strictSame(
    log.map(({ level }) => level),
    [40, 30, 40, 30],
  )
})

t.test('says what to do', async (t) => {
  const rows = [
    [
      new ApiError('forbidden', { status: 403, reason: 'Forbidden' }),
      /^grant get, list and watch of serviceaccounts/,
    ],
    [new ApiError('unauthorized', { status: 401, reason: 'Unauthorized' }), /token/],
    [new ApiConnectionError('refused'), /can be reached/],
  ] as const
  for (const [error, remedy] of rows) {
    const { log, reports } = prepare()
    reports.restarted('error', error)
    t.match(log, [{ level: 40, resource: 'serviceaccounts', error: error.message, remedy }])
  }
})

t.test('an ordinary end is counted and not logged', async (t) => {
  const { log, metrics, reports } = prepare()
  reports.restarted('timeout')
  t.equal(log.length, 0)
  t.match(
    await metrics.registry.metrics(),
    /watch_restarts_total\{resource="serviceaccounts",cause="timeout"\} 1/,
  )
})

t.test(
  'measures the lag from the newest of the managed fields, and the age from the last word',
  async (t) => {
    const { metrics, timing, reports } = prepare()
    timing.advance(4000)
    t.equal(reports.ageSeconds, 4)
    reports.heard()
    timing.advance(500)
    t.equal(reports.ageSeconds, 0.5)
    const managedFields = [{ time: '2026-01-01T00:00:01Z' }, { time: '2026-01-01T00:00:03Z' }, {}]
    reports.changed({ metadata: { name: 'cart', resourceVersion: '1', managedFields } })
    reports.changed({ metadata: { name: 'cart', resourceVersion: '2' } })
    const text = await metrics.registry.metrics()
    t.match(text, /watch_lag_seconds_sum\{resource="serviceaccounts"\} 1\.5/)
    t.match(text, /watch_lag_seconds_count\{resource="serviceaccounts"\} 1/)
  },
)
