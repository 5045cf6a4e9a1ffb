import type { Test } from 'tap'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import type { ServingPair } from '../../src/webhook/certificates/serving-pair.ts'
import type { ReviewRecord } from '../../src/webhook/review-recorder.ts'
import { createOperationsServer } from '../../src/webhook/server/operations-server.ts'
import { keepRecentDecisions } from '../../src/webhook/status/recent-decisions.ts'
import { readStatus, type Status } from '../../src/webhook/status/status.ts'
import { ROLE_ARN } from './mutation-settings.ts'
import { createRecordedLog } from './recorded-log.ts'

/** What would run, if a page took it for more than text. */
export const HOSTILE = `<script>alert("1")</script>&'`

/** A pod that got its role, whose names are made to break a page. */
export const HOSTILE_RECORD: ReviewRecord = {
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

/** Serves the pages for operators of a replica that has done a little, until the test ends. */
export async function serveStatus(
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
    base,
    page: await fetch(base),
    status: async () => (await (await fetch(`${base}/status.json`)).json()) as Status,
  }
}
