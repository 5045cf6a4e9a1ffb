import type { Test } from 'tap'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { refuse } from '../../src/webhook/admission/answer.ts'
import type { CertificateAuthority } from '../../src/webhook/certificates/certificate-authority.ts'
import { readTlsSettings } from '../../src/webhook/certificates/tls-options.ts'
import type { Reviewer } from '../../src/webhook/reviewer.ts'
import {
  type AdmissionServer,
  type AdmissionServerOptions,
  createAdmissionServer,
} from '../../src/webhook/server/admission-server.ts'
import { checkPair, createTestAuthority, issueLocalPair } from './certificates.ts'
import { createHttpsClient, type HttpsClient } from './https-client.ts'
import { createRecordedLog, type LogLine } from './recorded-log.ts'

/** A reviewer that says what it was given: the server's tests look at the way there and back alone. */
export const ECHO_REVIEWER: Reviewer = {
  review: async (body) => ({
    statusCode: 200,
    contentType: 'application/json',
    body: JSON.stringify({ body }),
  }),
  reject: (reason, detail) => refuse(STATUS_CODES[reason], `${reason}: ${detail}`),
}

const STATUS_CODES = { body_unreadable: 400, body_too_large: 413, wrong_content_type: 415 } as const

/** An admission server on a port of the loopback, with all that a test looks at. */
export interface ServedWebhook {
  readonly webhook: AdmissionServer
  readonly port: number
  readonly authority: CertificateAuthority
  readonly client: HttpsClient
  readonly metrics: Metrics
  readonly lines: readonly LogLine[]
}

/** Serves over TLS, with a certificate of a new authority unless told otherwise, until the test ends. */
export async function serveWebhook(
  t: Test,
  {
    isCertified = true,
    ...options
  }: Partial<AdmissionServerOptions> & { readonly isCertified?: boolean } = {},
): Promise<ServedWebhook> {
  const { logger, lines } = await createRecordedLog()
  const metrics = createMetrics({ collectNodeMetrics: false })
  const authority = await createTestAuthority()
  const webhook = createAdmissionServer({
    reviewer: ECHO_REVIEWER,
    health: { findPendingReasons: () => [] },
    tls: readTlsSettings({}),
    logger,
    metrics,
    ...options,
  })
  if (isCertified) webhook.useCertificate(checkPair(await issueLocalPair(authority)))
  const port = await webhook.listen({ port: 0, host: '127.0.0.1' })
  const client = createHttpsClient(port, authority.certificatePem)
  t.teardown(async () => {
    client.close()
    const closed = webhook.close()
    webhook.closeAllConnections()
    await closed
  })
  return { webhook, port, authority, client, metrics, lines }
}

/** The value of one child of a counter or gauge; 0 where it has none. */
export async function readMetric(
  metric: Pick<Metrics['httpRequestCount'], 'get'> | Pick<Metrics['ready'], 'get'>,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { values } = await metric.get()
  const matches = values.filter((value) =>
    Object.entries(labels).every(([name, wanted]) => String(Reflect.get(value.labels, name)) === wanted),
  )
  return matches.reduce((sum, { value }) => sum + value, 0)
}
