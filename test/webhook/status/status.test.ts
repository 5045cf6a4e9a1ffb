import t from 'tap'
import type { ReviewRecord } from '../../../src/webhook/review-recorder.ts'
import { checkPair, createTestAuthority, issueLocalPair } from '../../support/certificates.ts'
import { ROLE_ARN } from '../../support/mutation-settings.ts'
import { HOSTILE, HOSTILE_RECORD, serveStatus } from '../../support/served-status.ts'

t.test('what /metrics counts, in words', async (t) => {
  const pair = checkPair(await issueLocalPair(await createTestAuthority()))
  const { page, status } = await serveStatus(t, { pair })
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
  const { page, status } = await serveStatus(t, { reasons: [`accounts: ${HOSTILE}`] })
  const html = await page.text()
  t.match(html, /<title>pod-identity-webhook is not ready<\/title>/)
  t.match(html, '<li>accounts: &lt;script&gt;')
  t.match(html, '<dt>Certificate</dt><dd>none yet</dd>')
  t.notMatch(html, /<script/)
  t.strictSame((await status()).pendingReasons, [`accounts: ${HOSTILE}`])
})

t.test('the last fifty decisions, the newest first, as text whatever they are named', async (t) => {
  const records = Array.from({ length: 60 }, (_, index) => ({
    ...HOSTILE_RECORD,
    subject: { ...HOSTILE_RECORD.subject, pod: `${HOSTILE}${index}` } as NonNullable<ReviewRecord['subject']>,
  }))
  const { page, status } = await serveStatus(t, { records })
  const { recentDecisions = [] } = await status()
  t.equal(recentDecisions.length, 50)
  t.match(recentDecisions[0], { pod: `${HOSTILE}59`, role: ROLE_ARN, time: '2026-11-27T00:00:00.059Z' })
  t.match(recentDecisions.at(-1), { pod: `${HOSTILE}10` })
  const html = await page.text()
  t.equal(html.split('<td>shop/&lt;script&gt;').length, 51)
  t.notMatch(html, /<script/)
})

t.test('a review that could not be read names nothing', async (t) => {
  const unread = {
    ...HOSTILE_RECORD,
    reason: 'body_unreadable',
    identity: undefined,
    subject: undefined,
  } as const
  const { status } = await serveStatus(t, { records: [unread] })
  t.match((await status()).recentDecisions, [{ namespace: '', pod: '', serviceAccount: '', role: '' }])
})
