import { createLogger } from '../telemetry/logger.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { createAccounts } from './accounts/create-accounts.ts'
import { createServingCertificate } from './certificates/create-serving-certificate.ts'
import type { ServingPair } from './certificates/serving-pair.ts'
import { createReviewRecorder } from './review-recorder.ts'
import { createReviewer } from './reviewer.ts'
import { resolveRoleArnParts } from './role-arn-parts.ts'
import type { ServeOptions } from './serve-options.ts'
import { createAdmissionServer } from './server/admission-server.ts'
import { drain, drainOnSignals, waitByClock } from './server/drain.ts'
import { Health } from './server/health.ts'
import { createOperationsServer } from './server/operations-server.ts'
import { keepRecentDecisions } from './status/recent-decisions.ts'
import { readStatus } from './status/status.ts'

/**
 * Runs the admission webhook: builds its parts, wires them, and returns once it listens. From then on it serves until
 * SIGTERM or SIGINT, drains, and ends the process.
 *
 * Rejects, in one line, on what waiting does not mend: manifests that cannot be read, a port in use, a bad kubeconfig.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const logger = await createLogger({ ...options.log, colorize: options.log.format === 'pretty' })
  const metrics = createMetrics({ collectNodeMetrics: true })
  metrics.buildInfo.set({ version: options.version, node_version: process.version }, 1)

  const roleArnParts = await resolveRoleArnParts(options.roleArnComposition)
  const settings = { ...options.settings, roleArnParts }
  const accounts = await createAccounts({
    ...options,
    annotationPrefix: settings.annotationPrefix,
    logger,
    metrics,
  })
  const recorder = createReviewRecorder(logger, metrics)
  const recent = options.hasDebugHandlers ? keepRecentDecisions(recorder, Date.now) : undefined
  const reviewer = createReviewer({
    areMappingsKnown: options.isConfigMapWatched,
    accounts,
    settings,
    isLookupStrict: options.lookup.mode === 'strict',
    record: recent?.record ?? recorder,
    now: () => performance.now(),
    random: Math.random,
  })
  let served: ServingPair | undefined
  const certificate = await createServingCertificate(options.certificate, {
    logger,
    metrics,
    onChange(pair) {
      served = pair
      server.useCertificate(pair)
    },
  })
  const health = new Health({
    checks: [
      { name: 'accounts', pendingReasons: () => accounts.pendingReasons() },
      { name: 'certificate', pendingReasons: () => certificate.pendingReasons() },
    ],
    logger,
    metrics,
  })
  const statusParts = {
    version: options.version,
    startedAt: new Date(),
    health,
    metrics,
    findCertificate: () => served,
    listRecentDecisions: recent?.list,
  }
  const server = createAdmissionServer({ reviewer, health, tls: options.tls, logger, metrics })
  const operations = createOperationsServer({
    registry: metrics.registry,
    health,
    readStatus: () => readStatus(statusParts),
    describeCache: options.hasDebugHandlers ? () => accounts.describe() : undefined,
    logger,
  })

  await accounts.start()
  await certificate.start()
  const port = await server.listen({ port: options.port })
  const metricsPort = await operations.listen({ port: options.metricsPort })
  logger.info({ version: options.version, port, metricsPort }, 'listening')
  health.start()

  drainOnSignals(
    process,
    async () => {
      const result = await drain(
        {
          beginDraining() {
            health.beginDraining()
            server.beginDraining()
          },
          close: () => server.close(),
          closeAllConnections: () => server.closeAllConnections(),
        },
        { shutdownDelayMs: options.shutdown.delayMs, shutdownTimeoutMs: options.shutdown.timeoutMs },
        waitByClock,
      )
      health.close()
      await Promise.all([operations.close(), certificate.close(), accounts.close()])
      return result
    },
    logger,
  )
}
