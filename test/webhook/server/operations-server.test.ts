import t, { type Test } from 'tap'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { createOperationsServer } from '../../../src/webhook/server/operations-server.ts'
import type { Status } from '../../../src/webhook/status/status.ts'
import { createRecordedLog } from '../../support/recorded-log.ts'

/** What a replica says of itself that has just begun. */
const STATUS: Status = {
  version: '1.2.3',
  startedAt: '2026-11-27T08:00:00.000Z',
  pendingReasons: [],
  watches: [],
  accounts: { annotated: 0, others: 0 },
  decisions: [],
  lookups: [],
}

async function serve(t: Test, describeCache?: () => unknown, reasons: readonly string[] = []) {
  const { logger, lines } = await createRecordedLog()
  const { registry, ready } = createMetrics({ collectNodeMetrics: false })
  ready.set(1)
  const server = createOperationsServer({
    registry,
    health: { findPendingReasons: () => reasons },
    describeCache,
    readStatus: async () => STATUS,
    logger,
  })
  const port = await server.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => server.close())
  return { base: `http://127.0.0.1:${port}`, lines, server }
}

t.test('metrics', async (t) => {
  const { base } = await serve(t)
  const response = await fetch(`${base}/metrics?x=1`)
  t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  t.match(await response.text(), /^pod_identity_webhook_ready 1$/m)
  t.equal(await (await fetch(`${base}/healthz`)).text(), 'ok\n')
})

t.test('readiness, and why not, as over HTTPS', async (t) => {
  const ready = await fetch(`${(await serve(t)).base}/readyz`)
  t.match([ready.status, await ready.text()], [200, 'ok\n'])
  const { base } = await serve(t, undefined, ['certificate: none yet', 'accounts: not listed'])
  const unready = await fetch(`${base}/readyz`)
  t.match([unready.status, await unready.text()], [503, 'certificate: none yet\naccounts: not listed\n'])
  t.equal((await fetch(`${base}/healthz`)).status, 200, 'which is no reason to end it')
})

t.test('the cache shows where it is asked for', async (t) => {
  const { base } = await serve(t, () => ({ 'shop/cart': { role: 'cart' } }))
  const response = await fetch(`${base}/debug/alpha/cache`)
  t.equal(response.headers.get('content-type'), 'application/json')
  t.same(await response.json(), { 'shop/cart': { role: 'cart' } })

  const other = await serve(t)
  t.equal((await fetch(`${other.base}/debug/alpha/cache`)).status, 404)
})

t.test('other paths and methods get one line of text', async (t) => {
  const { base } = await serve(t)
  const absent = await fetch(`${base}/nothing`)
  t.match([absent.status, await absent.text()], [404, /^[^\n]*\/metrics[^\n]*\n$/])
  const posted = await fetch(`${base}/metrics`, { method: 'POST', body: 'x' })
  t.match([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD'])
  t.equal((await fetch(`${base}/metrics`, { method: 'HEAD' })).status, 200)
})

t.test('a page that fails is a 500 and a line in the log', async (t) => {
  const { base, lines } = await serve(t, () => {
    throw new Error('on purpose')
  })
  t.equal((await fetch(`${base}/debug/alpha/cache`)).status, 500)
  t.match(lines, [{ level: 'error', path: '/debug/alpha/cache', err: { message: 'on purpose' } }])
  t.equal((await fetch(`${base}/healthz`)).status, 200)
})

t.test('a port that is taken is an error of listen', async (t) => {
  const { base } = await serve(t)
  const { logger } = await createRecordedLog()
  const { registry } = createMetrics({ collectNodeMetrics: false })
  const second = createOperationsServer({
    registry,
    health: { findPendingReasons: () => [] },
    readStatus: async () => STATUS,
    logger,
  })
  await t.rejects(second.listen({ port: Number(new URL(base).port), host: '127.0.0.1' }), {
    code: 'EADDRINUSE',
  })
})
