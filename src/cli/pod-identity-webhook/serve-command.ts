import type { CertificateLifetimes } from '../../webhook/certificates/self-managed/lifetimes.ts'
import { readTlsSettings, TlsOptionError, type TlsSettings } from '../../webhook/certificates/tls-options.ts'
import type {
  CertificateOptions,
  LookupOptions,
  ServeOptions,
  SourceOptions,
} from '../../webhook/serve-options.ts'
import { type Command, defineCommand } from '../engine/command.ts'
import type { GroupValues } from '../engine/flag-table.ts'
import { UsageError } from '../engine/usage-error.ts'
import { ACCOUNT_FLAGS } from './flags/account-flags.ts'
import { CERTIFICATE_FLAGS } from './flags/certificate-flags.ts'
import { INJECTION_FLAGS } from './flags/injection-flags.ts'
import { KLOG_FLAGS } from './flags/klog-flags.ts'
import { LOGGING_FLAGS } from './flags/logging-flags.ts'
import { SERVING_FLAGS } from './flags/serving-flags.ts'
import { toLogOptions } from './log-options.ts'
import { toMutationSettings } from './mutation-settings.ts'

/** The flags of `serve`, which those who look at a running webhook read too. */
export const SERVE_GROUPS = {
  serving: SERVING_FLAGS,
  certificate: CERTIFICATE_FLAGS,
  accounts: ACCOUNT_FLAGS,
  injection: INJECTION_FLAGS,
  logging: LOGGING_FLAGS,
  klog: KLOG_FLAGS,
}

const SHORTEST_LEAF_MS = 10_000

type Values = GroupValues<typeof SERVE_GROUPS>

/** Makes the `serve` command; `serve` runs until the process is told to end. */
export function createServeCommand(
  version: string,
  serve: (options: ServeOptions) => Promise<void>,
): Command {
  return defineCommand({
    name: 'serve',
    summary: 'Answer the admission reviews of API servers',
    groups: SERVE_GROUPS,
    examples: [
      {
        purpose: 'in a cluster, with certificates of its own',
        line: 'pod-identity-webhook --namespace=eks',
      },
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
  const source = toSourceOptions(accounts)
  return {
    version,
    port: serving.port,
    metricsPort: serving.metricsPort,
    certificate: toCertificateOptions(certificate, accounts, source),
    tls: toTlsSettings(certificate),
    source,
    namespace: accounts.namespace,
    isConfigMapWatched: accounts.isConfigMapWatched,
    ...toContainerCredentials(accounts),
    lookup: toLookupOptions(accounts),
    hasDebugHandlers: serving.hasDebugHandlers,
    shutdown: { delayMs: serving.shutdownDelayMs, timeoutMs: serving.shutdownTimeoutMs },
    settings: toMutationSettings(injection),
    roleArnComposition: {
      isEnabled: injection.isRoleArnComposed,
      accountId: injection.awsAccountId,
      partition: injection.awsPartition,
    },
    log: toLogOptions(logging, { isTerminal }),
  }
}

/** A fifth of the 5 s that the API server waits for a webhook as it is deployed. */
const SHORTEST_MISS_TIMEOUT_MS = 1_000

function toLookupOptions({
  lookup: mode,
  lookupTimeoutMs: timeoutMs,
  lookupGracePeriodMs,
}: Values['accounts']): LookupOptions {
  const missTimeoutMs = Math.max(lookupGracePeriodMs, timeoutMs, SHORTEST_MISS_TIMEOUT_MS)
  return { mode, timeoutMs, missTimeoutMs }
}

function toContainerCredentials({
  manifests,
  containerCredentialsPath,
  containerCredentialsConfigMap,
}: Values['accounts']): Pick<ServeOptions, 'containerCredentialsPath' | 'containerCredentialsConfigMap'> {
  if (containerCredentialsConfigMap !== undefined) {
    if (containerCredentialsPath !== undefined)
      throw new UsageError(
        'give --container-credentials-config-map or --watch-container-credentials-config, not both',
      )
    if (manifests.length > 0)
      throw new UsageError(
        '--container-credentials-config-map is read from an API server; with --manifests give --watch-container-credentials-config',
      )
  }
  return { containerCredentialsPath, containerCredentialsConfigMap }
}

function toCertificateOptions(
  { certPath, keyPath, isInCluster, ...certificate }: Values['certificate'],
  { namespace }: Values['accounts'],
  source: SourceOptions,
): CertificateOptions {
  if (!isInCluster || source.kind === 'manifests') return { kind: 'files', certPath, keyPath }
  const { secretName, serviceName, webhookConfigurationName } = certificate
  const lifetimes = toLifetimes(certificate)
  return {
    kind: 'self-managed',
    source,
    namespace,
    secretName,
    serviceName,
    webhookConfigurationName,
    lifetimes,
  }
}

function toLifetimes({
  authorityLifetimeMs: authorityMs,
  leafLifetimeMs: leafMs,
  overlapMs,
}: Pick<
  Values['certificate'],
  'authorityLifetimeMs' | 'leafLifetimeMs' | 'overlapMs'
>): CertificateLifetimes {
  // Under it, a certificate would be over before a busy replica has come to replace it.
  if (leafMs < SHORTEST_LEAF_MS) throw new UsageError('--leaf-lifetime is too short; it takes 10s at least')
  if (leafMs > authorityMs / 3)
    throw new UsageError('--leaf-lifetime is over a third of --ca-lifetime; an authority would end before it')
  if (overlapMs > leafMs / 3)
    throw new UsageError('--ca-overlap is over a third of --leaf-lifetime; a certificate would end within it')
  return { authorityMs, leafMs, overlapMs }
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
