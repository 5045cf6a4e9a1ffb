import { randomUUID } from 'node:crypto'
import { homedir, hostname } from 'node:os'
import { createTrail } from '../../aws/calls/trail.ts'
import type { Environment } from '../../aws/endpoint.ts'
import { withSharedSettings } from '../../aws/shared-settings.ts'
import { ApiClient } from '../../kubernetes/api-client.ts'
import { describeError } from '../../kubernetes/api-error.ts'
import { findConnection } from '../../kubernetes/connection-source.ts'
import { leadWithLease } from '../../kubernetes/leader-lease.ts'
import { METADATA_ONLY, type ReflectedResource, WHOLE_OBJECTS } from '../../kubernetes/reflected-resource.ts'
import { Reflector } from '../../kubernetes/reflector.ts'
import { SYSTEM_TIMING } from '../../kubernetes/timing.ts'
import { startHealthServer } from '../../telemetry/health-server.ts'
import { createLogger, type LogFormat, type Logger, type LogLevel } from '../../telemetry/logger.ts'
import { createMetricsOf } from '../../telemetry/metrics.ts'
import { createStopSignal } from '../../telemetry/stop-signal.ts'
import type { SourceSettings } from '../plugin/credential-source.ts'
import { createRedactor } from '../plugin/redaction.ts'
import { type ClusterView, createClusterView } from './cluster-view.ts'
import { fetchPassword } from './fetch-password.ts'
import { Keeper } from './keeper.ts'
import { PULL_SECRET_METRICS } from './metric-table.ts'
import { Passwords } from './passwords.ts'
import type { PullRegistry } from './pull-registry.ts'

/** What `pull-secrets` is asked for. */
export interface PullSecretsOptions {
  readonly version: string
  readonly registries: readonly PullRegistry[]
  readonly source: SourceSettings
  readonly secretName: string
  /** Namespaces that get the Secret without a label, with `*` for any characters. */
  readonly globs: readonly string[]
  readonly areAccountsPatched: boolean
  readonly isOnce: boolean
  readonly kubeconfigPath: string | undefined
  readonly apiServerUrl: string | undefined
  /** Where the Lease is, and part of the name by which Secrets are known as ours. */
  readonly namespace: string
  /** 0 is any free port. */
  readonly metricsPort: number
  readonly log: { readonly level: LogLevel; readonly format: LogFormat }
  readonly env: Environment
}

/** Name of the Lease and, with its namespace, of the owner in Secrets. */
const NAME = 'ecr-pull-secrets'

const ATTEMPT_MS = 15_000
const FETCH_MS = 60_000

/**
 * Keeps pull Secrets until SIGTERM or SIGINT; with `isOnce` until what is wanted now is there. Resolves to the exit code.
 *
 * Rejects, in one line, on what waiting does not mend: no cluster to be found, a port in use.
 */
export async function keepPullSecrets(options: PullSecretsOptions): Promise<number> {
  const { registries, secretName, namespace, globs, areAccountsPatched, log } = options
  const logger = await createLogger({ ...log, colorize: log.format === 'pretty' })
  const metrics = createMetricsOf(PULL_SECRET_METRICS, { collectNodeMetrics: true })
  const signal = createStopSignal()
  const client = await connect(options)
  const owner = `${namespace}/${NAME}`
  const view = createClusterView({ secretName, owner }, () => keeper.notify())
  const passwords = new Passwords({
    registries,
    fetch: (registry, stop) => fetchOnce(registry, options, stop),
    onChange: () => keeper.notify(),
    timing: SYSTEM_TIMING,
    logger,
    metrics,
  })
  const keeper = new Keeper({
    ...{ client, secretName, owner, view, passwords, globs, areAccountsPatched },
    ...{ timing: SYSTEM_TIMING, logger, metrics },
  })
  const reflectors = startReflectors(client, view, secretName, logger)
  try {
    if (options.isOnce) return await runOnce(passwords, keeper, signal)
    let isLeading = false
    const server = await startHealthServer({
      port: options.metricsPort,
      registry: metrics.registry,
      beforeScrape: () => {
        const ageMs = passwords.oldestAtMs === undefined ? 0 : Date.now() - passwords.oldestAtMs
        metrics.oldestAge.set(ageMs / 1000)
      },
      // A replica that waits for the Lease is ready to take it.
      findFailure: () => (isLeading ? keeper.failure : undefined),
    })
    logger.info(
      { version: options.version, metricsPort: server.port, registries: registries.length },
      'listening',
    )
    const lease = {
      client,
      namespace,
      name: NAME,
      identity: `${hostname()}_${randomUUID()}`,
      timing: SYSTEM_TIMING,
    }
    const onFailure = (reason: string) => logger.warn({ reason }, 'the Lease could not be read or written')
    await leadWithLease({ ...lease, onFailure }, signal, async (held) => {
      isLeading = true
      metrics.leader.set(1)
      logger.info('holding the Lease: writing')
      await Promise.all([passwords.run(held), keeper.run(held)])
      isLeading = false
      metrics.leader.set(0)
    })
    logger.info('ending')
    await server.close()
    return 0
  } finally {
    await Promise.all(reflectors.map((reflector) => reflector.close()))
    client.close()
  }
}

async function connect({ kubeconfigPath, apiServerUrl, env }: PullSecretsOptions): Promise<ApiClient> {
  const connection = await findConnection({
    kubeconfigPath,
    server: apiServerUrl,
    environment: env,
    homeFolder: homedir(),
    timing: SYSTEM_TIMING,
    alternative: '--kubeconfig FILE to name one',
  })
  return new ApiClient(connection)
}

/** Asks for one password, within a minute. What goes wrong is told without secrets. */
async function fetchOnce(
  registry: PullRegistry,
  { env, source, version }: PullSecretsOptions,
  stop: AbortSignal,
) {
  const redactor = createRedactor(env)
  try {
    const surroundings = {
      env: await withSharedSettings(env, ['ca_bundle']),
      trail: createTrail(),
      signal: AbortSignal.any([stop, AbortSignal.timeout(FETCH_MS)]),
      attemptMs: ATTEMPT_MS,
      now: () => new Date(),
      userAgent: `ecr-credential-provider/${version}`,
    }
    return await fetchPassword(registry, source, surroundings)
  } catch (error) {
    throw new Error(redactor.redact(describeError(error)))
  }
}

function startReflectors(
  client: ApiClient,
  { namespaces, accounts, secrets }: ClusterView,
  secretName: string,
  logger: Logger,
): readonly Reflector[] {
  const resources: readonly (readonly [ReflectedResource, ClusterView[keyof ClusterView]])[] = [
    [{ path: '/api/v1/namespaces', accept: METADATA_ONLY }, namespaces],
    [{ path: '/api/v1/serviceaccounts', accept: WHOLE_OBJECTS }, accounts],
    // By name, so that RBAC can keep all other Secrets from us.
    [
      { path: '/api/v1/secrets', fieldSelector: `metadata.name=${secretName}`, accept: WHOLE_OBJECTS },
      secrets,
    ],
  ]
  return resources.map(([resource, store]) => {
    const reflector = new Reflector({
      ...{ client, resource, store, timing: SYSTEM_TIMING },
      observer: {
        connected() {},
        disconnected() {},
        heard() {},
        changed() {},
        restarted(_cause, error) {
          if (error !== undefined)
            logger.warn(
              { path: resource.path, reason: describeError(error) },
              'reading was interrupted; trying again',
            )
        },
      },
    })
    reflector.start()
    return reflector
  })
}

/** How long one run may take, once it has passwords. */
const ONCE_MS = 60_000

async function runOnce(passwords: Passwords, keeper: Keeper, signal: AbortSignal): Promise<number> {
  await passwords.fetchAll(signal)
  const isSettled = await keeper.settle(ONCE_MS, signal)
  return isSettled && passwords.failures.size === 0 ? 0 : 1
}
