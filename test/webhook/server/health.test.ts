import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { Health } from '../../../src/webhook/server/health.ts'
import { createRecordedLog } from '../../support/recorded-log.ts'
import { readMetric } from '../../support/served-webhook.ts'

async function watchHealth(t: Test, checks: Readonly<Record<string, string[]>>) {
  const { logger, lines } = await createRecordedLog()
  const metrics = createMetrics({ collectNodeMetrics: false })
  const health = new Health({
    checks: Object.entries(checks).map(([name, reasons]) => ({ name, pendingReasons: () => reasons })),
    logger,
    metrics,
  })
  t.teardown(() => health.close())
  return { health, lines, readReady: () => readMetric(metrics.ready) }
}

t.test('ready when no check waits for anything, and each change is told once', async (t) => {
  const accounts = ['ServiceAccounts are not listed yet']
  const certificate = ['there is none']
  const { health, lines, readReady } = await watchHealth(t, { accounts, certificate })
  t.same(health.findPendingReasons(), [
    'accounts: ServiceAccounts are not listed yet',
    'certificate: there is none',
  ])
  t.equal(await readReady(), 0)
  accounts.pop()
  t.same(health.findPendingReasons(), ['certificate: there is none'])
  certificate.pop()
  t.same(health.findPendingReasons(), [])
  t.same(health.findPendingReasons(), [])
  t.equal(await readReady(), 1)
  certificate.push('it expired')
  t.same(health.findPendingReasons(), ['certificate: it expired'])
  t.equal(await readReady(), 0)
  t.match(lines, [
    { level: 'warn', msg: 'not ready', reasons: [/^accounts: /, /^certificate: /] },
    { level: 'info', msg: 'ready' },
    { level: 'warn', msg: 'not ready', reasons: ['certificate: it expired'] },
  ])
  t.equal(lines.length, 3)
})

t.test('draining ends readiness for good', async (t) => {
  const { health, lines, readReady } = await watchHealth(t, { accounts: [] })
  t.same(health.findPendingReasons(), [])
  health.beginDraining()
  t.equal(await readReady(), 0)
  t.match(health.findPendingReasons(), [/^draining: /])
  t.match(lines, [{ msg: 'ready' }, { msg: 'not ready', reasons: [/^draining/] }])
})

t.test('a change is seen where nobody asks', async (t) => {
  const accounts = ['not listed yet']
  const { health, readReady } = await watchHealth(t, { accounts })
  health.start(1)
  t.equal(await readReady(), 0)
  accounts.pop()
  while ((await readReady()) === 0) await setImmediate()
  t.pass('the metric followed')
})
