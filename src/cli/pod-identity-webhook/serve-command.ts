import type { LogLevel } from '../../telemetry/logger.ts'
import { readTlsSettings, TlsOptionError, type TlsSettings } from '../../webhook/certificates/tls-options.ts'
import type { CertificateOptions, ServeOptions, SourceOptions } from '../../webhook/serve-options.ts'
import { type Command, defineCommand } from '../engine/command.ts'
import type { GroupValues } from '../engine/flag-table.ts'
import { UsageError } from '../engine/usage-error.ts'
import { ACCOUNT_FLAGS } from './flags/account-flags.ts'
import { CERTIFICATE_FLAGS } from './flags/certificate-flags.ts'
import { INJECTION_FLAGS } from './flags/injection-flags.ts'
import { KLOG_FLAGS } from './flags/klog-flags.ts'
import { LOGGING_FLAGS } from './flags/logging-flags.ts'
import { SERVING_FLAGS } from './flags/serving-flags.ts'
import { toMutationSettings } from './mutation-settings.ts'

const GROUPS = {
  serving: SERVING_FLAGS,
  certificate: CERTIFICATE_FLAGS,
  accounts: ACCOUNT_FLAGS,
  injection: INJECTION_FLAGS,
  logging: LOGGING_FLAGS,
  klog: KLOG_FLAGS,
}

type Values = GroupValues<typeof GROUPS>

/** Makes the `serve` command; `serve` runs until the process is told to end. */
export function createServeCommand(
  version: string,
  serve: (options: ServeOptions) => Promise<void>,
): Command {
  return defineCommand({
    name: 'serve',
    summary: 'Answer the admission reviews of API servers',
    groups: GROUPS,
    examples: [
      {
        purpose: 'in a cluster, with a certificate that cert-manager mounts',
        line: 'pod-identity-webhook --in-cluster=false --namespace=eks',
      },
      {
        purpose: 'on a laptop, with ServiceAccounts from files',
        line: 'pod-identity-webhook --port=8443 --manifests=deploy/examples --tls-cert=certs/tls.crt --tls-key=certs/tls.key',
      },
    ],
    async run(values, io) {
      await serve(toServeOptions(values, { version, isTerminal: io.stdout.isTTY === true }))
      return 0
    },
  })
}

function toServeOptions(
  values: Values,
  { version, isTerminal }: { readonly version: string; readonly isTerminal: boolean },
): ServeOptions {
  const { serving, certificate, accounts, injection, logging } = values
  if (serving.port === serving.metricsPort && serving.port !== 0) {
    throw new UsageError(`--port and --metrics-port are both ${serving.port}; give each a port of its own`)
  }
  return {
    version,
    port: serving.port,
    metricsPort: serving.metricsPort,
    certificate: toCertificateOptions(values),
    tls: toTlsSettings(certificate),
    source: toSourceOptions(accounts),
    namespace: accounts.namespace,
    isConfigMapWatched: accounts.isConfigMapWatched,
    containerCredentialsPath: accounts.containerCredentialsPath,
    lookup: { mode: accounts.lookup, gracePeriodMs: accounts.lookupGracePeriodMs },
    hasDebugHandlers: serving.hasDebugHandlers,
    shutdown: { delayMs: serving.shutdownDelayMs, timeoutMs: serving.shutdownTimeoutMs },
    settings: toMutationSettings(injection),
    roleArnComposition: {
      isEnabled: injection.isRoleArnComposed,
      accountId: injection.awsAccountId,
      partition: injection.awsPartition,
    },
    log: {
      level: logging.level ?? toLogLevel(logging.verbosity),
      format: logging.format ?? (isTerminal ? 'pretty' : 'json'),
    },
  }
}

function toCertificateOptions({ certificate, accounts }: Values): CertificateOptions {
  const { isInCluster, certPath, keyPath } = certificate
  return { isSelfManagedWanted: isInCluster && accounts.manifests.length === 0, certPath, keyPath }
}

function toTlsSettings({ minVersion, cipherSuites }: Values['certificate']): TlsSettings {
  try {
    return readTlsSettings({ minVersion, cipherSuites })
  } catch (error) {
    throw error instanceof TlsOptionError ? new UsageError(error.message) : error
  }
}

function toSourceOptions({ manifests, kubeconfig, apiServerUrl }: Values['accounts']): SourceOptions {
  if (manifests.length === 0) return { kind: 'api-server', kubeconfig, apiServerUrl }
  if (kubeconfig === undefined && apiServerUrl === undefined) return { kind: 'manifests', paths: manifests }
  throw new UsageError('--manifests stands for an API server; give it without --kubeconfig and --kube-api')
}

/** Go programs on Kubernetes log requests from -v=4 on and bodies from -v=6 on; less tells what happens anyway. */
function toLogLevel(verbosity: number): LogLevel {
  if (verbosity >= 6) return 'trace'
  return verbosity >= 4 ? 'debug' : 'info'
}
