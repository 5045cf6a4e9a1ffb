import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { ApiClient } from '../../src/kubernetes/api-client.ts'
import type { Timing } from '../../src/kubernetes/timing.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import type { CertificateLifetimes } from '../../src/webhook/certificates/self-managed/lifetimes.ts'
import { SelfManagedCertificate } from '../../src/webhook/certificates/self-managed/self-managed-certificate.ts'
import type { ServingPair } from '../../src/webhook/certificates/serving-pair.ts'
import { buildSecureContextOptions, readTlsSettings } from '../../src/webhook/certificates/tls-options.ts'
import { createRecordedLog, type LogLine } from './recorded-log.ts'

/** The certificate part of a webhook, in this process, with a TLS server that serves what it makes. */
export interface CertificateReplica {
  readonly certificate: SelfManagedCertificate
  readonly port: number
  readonly metrics: Metrics
  readonly lines: readonly LogLine[]
  /** What was taken into service, the present one last. */
  readonly pairs: readonly ServingPair[]
  close(): Promise<void>
}

/** Starts one; it ends with the test, or before. */
export async function startCertificateReplica(
  t: Test,
  options: {
    readonly server: { readonly url: string; readonly caPem: string; readonly token?: string }
    readonly namespace: string
    readonly webhookConfigurationName: string
    readonly lifetimes: CertificateLifetimes
    readonly timing: Timing
  },
): Promise<CertificateReplica> {
  const { server } = options
  const authorization = server.token === undefined ? undefined : `Bearer ${server.token}`
  const client = new ApiClient({
    server: new URL(server.url),
    tls: { ca: server.caPem },
    credentials: { readAuthorization: () => Promise.resolve(authorization), invalidate() {} },
  })
  const { logger, lines } = await createRecordedLog()
  const metrics = createMetrics({ collectNodeMetrics: false })
  const pairs: ServingPair[] = []
  const tls = readTlsSettings({})
  const listener = createServer((_request, response) => response.end('{}'))
  const certificate = new SelfManagedCertificate({
    ...options,
    client,
    secretName: 'pod-identity-webhook',
    serviceName: 'pod-identity-webhook',
    logger,
    metrics,
    onChange(pair) {
      pairs.push(pair)
      listener.setSecureContext(buildSecureContextOptions(tls, pair))
    },
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  await certificate.start()
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      await certificate.close()
      client.close()
      listener.close()
      listener.closeAllConnections()
      await once(listener, 'close')
    })()
    return closed
  }
  t.teardown(close)
  return { certificate, port: (listener.address() as AddressInfo).port, metrics, lines, pairs, close }
}
