import { SYSTEM_TIMING } from '../../kubernetes/timing.ts'
import { startHealthServer } from '../../telemetry/health-server.ts'
import { createLogger, type LogFormat, type LogLevel } from '../../telemetry/logger.ts'
import { createMetricsOf } from '../../telemetry/metrics.ts'
import { createStopSignal } from '../../telemetry/stop-signal.ts'
import { openKeySource } from '../documents/key-source.ts'
import { createPublisher, type PublicationOptions } from '../publishing/publication.ts'
import { SYNC_METRICS } from './metric-table.ts'
import { Rounds } from './rounds.ts'

/** What `oidc sync` is asked for. */
export interface SyncOptions {
  readonly version: string
  readonly publication: PublicationOptions
  readonly intervalMs: number
  /** 0 is any free port. */
  readonly metricsPort: number
  readonly log: { readonly level: LogLevel; readonly format: LogFormat }
}

/**
 * Publishes again whenever the cluster's keys or the bucket change, until SIGTERM or SIGINT; a second signal ends the
 * process at once.
 *
 * Rejects, in one line, on what waiting does not mend: no cluster or region to be found, a port in use.
 */
export async function sync(options: SyncOptions): Promise<void> {
  const { publication, intervalMs, metricsPort, log } = options
  const logger = await createLogger({ ...log, colorize: log.format === 'pretty' })
  const metrics = createMetricsOf(SYNC_METRICS, { collectNodeMetrics: true })
  const signal = createStopSignal()
  const reader = await openKeySource(publication.keySource, publication.environment)
  const publisher = await createPublisher(publication, SYSTEM_TIMING, signal)
  const rounds = new Rounds({
    readKeys: (roundSignal) => reader.read(roundSignal),
    plan: (keys) => publisher.plan(keys),
    intervalMs,
    timing: SYSTEM_TIMING,
    logger,
    metrics,
  })
  const server = await startHealthServer({
    port: metricsPort,
    registry: metrics.registry,
    findFailure: () => rounds.failure,
  })
  logger.info({ version: options.version, issuer: publisher.issuer, metricsPort: server.port }, 'listening')
  await rounds.run(signal)
  logger.info('ending')
  reader.close()
  await server.close()
}
