import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import type { Test } from 'tap'
import { ApiClient } from '../../src/kubernetes/api-client.ts'
import { NO_CREDENTIALS } from '../../src/kubernetes/credentials.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import {
  ApiServerAccounts,
  type ApiServerAccountsOptions,
} from '../../src/webhook/accounts/api-server/api-server-accounts.ts'
import { FakeApiServer, type FakeWatch } from './fake-api-server.ts'
import { FakeTiming } from './fake-timing.ts'

/** Lookups that wait for as long as a test takes. */
export const PATIENT_LOOKUP = { mode: 'cached', timeoutMs: 60_000, missTimeoutMs: 60_000 } as const

/** A log line as JSON has it. */
export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

/** ApiServerAccounts before a fake API server, not started yet. */
export async function createApiServerAccounts(t: Test, options: Partial<ApiServerAccountsOptions> = {}) {
  const server = await FakeApiServer.start()
  const timing = new FakeTiming()
  const client = new ApiClient({
    server: new URL(server.url),
    tls: { ca: server.ca },
    credentials: NO_CREDENTIALS,
  })
  const metrics = createMetrics({ collectNodeMetrics: false })
  const log: LogLine[] = []
  const logger = pino({ base: null, level: 'debug' }, { write: (line) => void log.push(JSON.parse(line)) })
  const accounts = new ApiServerAccounts({
    client,
    annotationPrefix: 'eks.amazonaws.com',
    namespace: 'eks',
    isConfigMapWatched: false,
    containerCredentialsConfigMap: undefined,
    hasContainerCredentials: () => false,
    lookup: PATIENT_LOOKUP,
    logger,
    metrics,
    timing,
    ...options,
  })
  const close = async () => {
    await accounts.close()
    client.close()
    await server.close()
  }
  t.teardown(close)

  return {
    server,
    timing,
    client,
    metrics,
    log,
    accounts,
    close,
    /** Starts and waits for the ServiceAccounts' watch. */
    startWatching: async () => {
      const [[watch]] = await Promise.all([once(server, 'watch'), accounts.start()])
      return watch as FakeWatch
    },
    /** A metric's value for exactly these labels. */
    readMetric: async (name: string, labels: Readonly<Record<string, string>>) => {
      const label = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
      const start = `pod_identity_webhook_${name}{${label.join(',')}} `
      const line = (await metrics.registry.metrics())
        .split('\n')
        .find((candidate) => candidate.startsWith(start))
      return line === undefined ? undefined : Number(line.split(' ').at(-1))
    },
  }
}

/** Lets the event loop turn until `isSo`; the test's own time limit ends it. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setImmediate()
}
