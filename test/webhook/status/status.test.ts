import t, { type Test } from 'tap'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import type { ServingPair } from '../../../src/webhook/certificates/serving-pair.ts'
import type { ReviewRecord } from '../../../src/webhook/review-recorder.ts'
import { createOperationsServer } from '../../../src/webhook/server/operations-server.ts'
import { keepRecentDecisions } from '../../../src/webhook/status/recent-decisions.ts'
import { readStatus, type Status } from '../../../src/webhook/status/status.ts'
import { checkPair, createTestAuthority, issueLocalPair } from '../../support/certificates.ts'
import { ROLE_ARN } from '../../support/mutation-settings.ts'
import { createRecordedLog } from '../../support/recorded-log.ts'

const HOSTILE = `<script>alert("1")</script>&'`

const RECORD: ReviewRecord = {
  reason: 'role_annotation',
  identity: {
    method: 'web_identity',
    roleArn: ROLE_ARN,
    audience: 'sts.amazonaws.com',
    tokenExpirationSeconds: 86400,
    isRegionalSts: false,
  },
  warnings: [{ code: 'value_ignored', subject: HOSTILE }],
  subject: { namespace: 'shop', pod: HOSTILE, serviceAccount: 'cart', uid: 'u', isDryRun: false },
  cause: undefined,
}

async function serve(
  t: Test,
  options: {
    readonly reasons?: readonly string[]
    readonly pair?: ServingPair
    readonly records?: readonly ReviewRecord[]
  } = {},
) {
  const { logger } = await createRecordedLog()
  const metrics = createMetrics({ collectNodeMetrics: false })
  metrics.watchConnected.set({ resource: 'serviceaccounts' }, 1)
  metrics.watchAge.set({ resource: 'serviceaccounts' }, 12.4)
  metrics.cachedAccounts.set({ annotated: 'true' }, 3)
  metrics.cachedAccounts.set({ annotated: 'false' }, 40)
  metrics.decisions.inc({ outcome: 'not_applicable', reason: 'no_role', method: 'none' }, 5)
  metrics.decisions.inc({ outcome: 'mutated', reason: 'role_annotation', method: 'web_identity' }, 7)
  metrics.accountLookups.inc({ result: 'fetched' }, 12)
  const health = { findPendingReasons: () => options.reasons ?? [] }
  let timeMs = Date.UTC(2026, 10, 27)
  const recent =
    options.records &&
    keepRecentDecisions(
      () => {},
      () => timeMs++,
    )
  for (const record of options.records ?? []) recent?.record(record, 0.001)
  const parts = {
    version: '1.2.3',
    startedAt: new Date(Date.UTC(2026, 10, 26)),
    health,
    metrics,
    findCertificate: () => options.pair,
    listRecentDecisions: recent?.list,
  }
  const server = createOperationsServer({
    registry: metrics.registry,
    health,
    readStatus: () => readStatus(parts),
    logger,
  })
  const port = await server.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => server.close())
  const base = `http://127.0.0.1:${port}`
  return {
    page: await fetch(base),
    status: async () => (await (await fetch(`${base}/status.json`)).json()) as Status,
  }
}

t.test('what /metrics counts, in words', async (t) => {
  const pair = checkPair(await issueLocalPair(await createTestAuthority()))
  const { page, status } = await serve(t, { pair })
  t.match(await status(), {
    version: '1.2.3',
    startedAt: '2026-11-26T00:00:00.000Z',
    pendingReasons: [],
    certificate: { chainPem: pair.certificatePem, notAfter: pair.notAfter.toISOString() },
    watches: [{ resource: 'serviceaccounts', isConnected: true, ageSeconds: 12 }],
    accounts: { annotated: 3, others: 40 },
    decisions: [
      { name: 'role_annotation', count: 7 },
      { name: 'no_role', count: 5 },
    ],
    lookups: [{ name: 'fetched', count: 12 }],
  })
  t.notOk('recentDecisions' in (await status()), 'pods are named only where it is asked for')
  t.notMatch(JSON.stringify(await status()), /PRIVATE KEY/)

  const html = await page.text()
  t.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  t.match(page.headers.get('content-security-policy'), "default-src 'none'")
  t.match(html, /<strong>Ready<\/strong>/)
  t.match(html, pair.notAfter.toISOString())
  t.match(html, 'the ServiceAccount is annotated with a role')
  t.match(html, '12 s ago')
  t.match(html, /--enable-debugging-handlers/)
  t.notMatch(html, /<script|https?:|PRIVATE KEY|src=/)
})

t.test('what it waits for', async (t) => {
  const { page, status } = await serve(t, { reasons: [`accounts: ${HOSTILE}`] })
  const html = await page.text()
  t.match(html, /<title>pod-identity-webhook is not ready<\/title>/)
  t.match(html, '<li>accounts: &lt;script&gt;')
  t.match(html, '<dt>Certificate</dt><dd>none yet</dd>')
  t.notMatch(html, /<script/)
  t.strictSame((await status()).pendingReasons, [`accounts: ${HOSTILE}`])
})

t.test('the last fifty decisions, the newest first, as text whatever they are named', async (t) => {
  const records = Array.from({ length: 60 }, (_, index) => ({
    ...RECORD,
    subject: { ...RECORD.subject, pod: `${HOSTILE}${index}` } as NonNullable<ReviewRecord['subject']>,
  }))
  const { page, status } = await serve(t, { records })
  const { recentDecisions = [] } = await status()
  t.equal(recentDecisions.length, 50)
  t.match(recentDecisions[0], { pod: `${HOSTILE}59`, role: ROLE_ARN, time: '2026-11-27T00:00:00.059Z' })
  t.match(recentDecisions.at(-1), { pod: `${HOSTILE}10` })
  const html = await page.text()
  t.equal(html.split('<td>shop/&lt;script&gt;').length, 51)
  t.notMatch(html, /<script/)
})

t.test('a review that could not be read names nothing', async (t) => {
  const unread = { ...RECORD, reason: 'body_unreadable', identity: undefined, subject: undefined } as const
  const { status } = await serve(t, { records: [unread] })
  t.match((await status()).recentDecisions, [{ namespace: '', pod: '', serviceAccount: '', role: '' }])
})
