import type { LogFormat, LogLevel } from '../telemetry/logger.ts'
import type { CertificateLifetimes } from './certificates/self-managed/lifetimes.ts'
import type { TlsSettings } from './certificates/tls-options.ts'
import type { MutationSettings } from './identity/settings.ts'
import type { RoleArnComposition } from './role-arn-parts.ts'

/** Where the API server is looked for. */
export interface ApiServerSource {
  readonly kind: 'api-server'
  readonly kubeconfig: string | undefined
  readonly apiServerUrl: string | undefined
}

/** Where the serving certificate comes from: files, or an authority of the webhook's own that it keeps in a Secret. */
export type CertificateOptions =
  | { readonly kind: 'files'; readonly certPath: string; readonly keyPath: string }
  | {
      readonly kind: 'self-managed'
      readonly source: ApiServerSource
      /** Of the Secret and of the Service. */
      readonly namespace: string
      readonly secretName: string
      readonly serviceName: string
      readonly webhookConfigurationName: string
      readonly lifetimes: CertificateLifetimes
    }

/** Where ServiceAccounts and the ConfigMap come from. */
export type SourceOptions =
  | { readonly kind: 'manifests'; readonly paths: readonly string[] }
  | ApiServerSource

/** How ServiceAccounts are looked up where an API server is asked. */
export interface LookupOptions {
  /**
   * `fresh` reads each anew, and takes memory's word where that fails. `strict` does too, but refuses the pod where nothing
   * certain is known. `cached` believes the watch.
   */
  readonly mode: 'fresh' | 'cached' | 'strict'
  /** How long a read may take where memory has an answer. */
  readonly timeoutMs: number
  /** How long where it has none. */
  readonly missTimeoutMs: number
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
  readonly containerCredentialsConfigMap: string | undefined
  readonly lookup: LookupOptions
  readonly hasDebugHandlers: boolean
  readonly shutdown: { readonly delayMs: number; readonly timeoutMs: number }
  readonly settings: MutationSettings
  readonly roleArnComposition: RoleArnComposition
  readonly log: { readonly level: LogLevel; readonly format: LogFormat }
}
