import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { PULL_SECRET_METRICS } from '../../../src/ecr/pull-secrets/metric-table.ts'
import { Passwords } from '../../../src/ecr/pull-secrets/passwords.ts'
import { parsePullRegistry } from '../../../src/ecr/pull-secrets/pull-registry.ts'
import type { Timing } from '../../../src/kubernetes/timing.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { createMetricsOf } from '../../../src/telemetry/metrics.ts'

const HOUR_MS = 3_600_000
const HOST = '111122223333.dkr.ecr.eu-central-1.amazonaws.com'
const logger = await createLogger({ level: 'silent', format: 'json' })

/** A clock whose waits end as soon as it is let go on to them. */
function createClock() {
  const state = { nowMs: Date.parse('2026-01-01T00:00:00Z'), stopAtMs: Number.POSITIVE_INFINITY }
  const timing: Timing = {
    nowMs: () => state.nowMs,
    wallTimeMs: () => state.nowMs,
    random: () => 1,
    async wait(ms, signal) {
      await setImmediate()
      state.nowMs += ms
      if (state.nowMs >= state.stopAtMs) stop.abort()
      signal.throwIfAborted()
    },
  }
  const stop = new AbortController()
  return { state, timing, stop }
}

/** Runs until an hour of simulated time; `isDown` says when ECR answers nothing. */
async function simulate(hours: number, isDown: (hour: number) => boolean) {
  const { state, timing, stop } = createClock()
  const startMs = state.nowMs
  state.stopAtMs = startMs + hours * HOUR_MS
  const hour = () => (state.nowMs - startMs) / HOUR_MS
  const metrics = createMetricsOf(PULL_SECRET_METRICS, { collectNodeMetrics: false })
  const had: number[] = []
  const tries: number[] = []
  const left: number[] = []
  const passwords: Passwords = new Passwords({
    registries: [parsePullRegistry(HOST)],
    async fetch() {
      tries.push(hour())
      const expiresAt = passwords.current.get(HOST)?.expiresAt
      if (expiresAt !== undefined) left.push((expiresAt.getTime() - state.nowMs) / HOUR_MS)
      if (isDown(hour())) throw new Error('no answer')
      return {
        username: 'AWS',
        password: `p${tries.length}`,
        expiresAt: new Date(state.nowMs + 12 * HOUR_MS),
      }
    },
    onChange: () => had.push(hour()),
    timing,
    logger,
    metrics,
  })
  await passwords.run(stop.signal)
  return { passwords, metrics, had, tries, left }
}

t.test('a password is renewed at half of its life', async (t) => {
  const { had, left } = await simulate(30, () => false)
  t.strictSame(had, [0, 6, 12, 18, 24])
  t.ok(left.every((hours) => hours === 6))
})

t.test(
  'an hour without ECR is bridged: what was had stays, and tries go on with a bound between them',
  async (t) => {
    const { passwords, had, tries, metrics } = await simulate(10, (hour) => hour >= 6 && hour < 7)
    t.equal(had[0], 0)
    t.ok((had[1] ?? 0) >= 7 && (had[1] ?? 0) < 7.01, `had again after ${had[1]} hours`)
    t.equal(had.length, 2)
    const failed = tries.filter((hour) => hour >= 6 && hour < 7)
    t.ok(failed.length > 100 && failed.length < 200, `${failed.length} tries in the hour`)
    t.equal(passwords.failures.size, 0)
    const { values } = await metrics.requests.get()
    t.equal(values.find(({ labels }) => labels['result'] === 'failure')?.value, failed.length)
  },
)

t.test('a registry that never answers keeps no other from its password', async (t) => {
  const { timing, stop, state } = createClock()
  state.stopAtMs = state.nowMs + HOUR_MS
  const passwords = new Passwords({
    registries: [parsePullRegistry(HOST), parsePullRegistry('public.ecr.aws')],
    async fetch({ host }) {
      if (host === HOST) throw new Error('denied')
      return { username: 'AWS', password: 'p', expiresAt: undefined }
    },
    onChange() {},
    timing,
    logger,
    metrics: createMetricsOf(PULL_SECRET_METRICS, { collectNodeMetrics: false }),
  })
  await passwords.fetchAll(stop.signal)
  t.strictSame([...passwords.current.keys()], ['public.ecr.aws'])
  t.strictSame([...passwords.failures], [[HOST, 'denied']])
})
