import type { LogFormat, LogLevel } from '../telemetry/logger.ts'
import type { TlsSettings } from './certificates/tls-options.ts'
import type { MutationSettings } from './identity/settings.ts'
import type { RoleArnComposition } from './role-arn-parts.ts'

/** Where the serving certificate comes from. */
export interface CertificateOptions {
  /** Whether `--in-cluster` asks for certificates of the webhook's own. */
  readonly isSelfManagedWanted: boolean
  readonly certPath: string
  readonly keyPath: string
}

/** Where ServiceAccounts and the ConfigMap come from. */
export type SourceOptions =
  | { readonly kind: 'manifests'; readonly paths: readonly string[] }
  | {
      readonly kind: 'api-server'
      readonly kubeconfig: string | undefined
      readonly apiServerUrl: string | undefined
    }

/** What the flags of `serve` ask for. */
export interface ServeOptions {
  readonly version: string
  /** 0 to 65535; 0 is any free port. */
  readonly port: number
  readonly metricsPort: number
  readonly certificate: CertificateOptions
  readonly tls: TlsSettings
  readonly source: SourceOptions
  readonly namespace: string
  readonly isConfigMapWatched: boolean
  readonly containerCredentialsPath: string | undefined
  readonly lookup: { readonly mode: 'cached' | 'strict'; readonly gracePeriodMs: number }
  readonly hasDebugHandlers: boolean
  readonly shutdown: { readonly delayMs: number; readonly timeoutMs: number }
  readonly settings: MutationSettings
  readonly roleArnComposition: RoleArnComposition
  readonly log: { readonly level: LogLevel; readonly format: LogFormat }
}
