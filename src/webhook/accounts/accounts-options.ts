import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { LookupOptions, SourceOptions } from '../serve-options.ts'

/** What decides where accounts come from. */
export interface AccountsOptions {
  readonly source: SourceOptions
  readonly annotationPrefix: string
  /** Where the ConfigMap is looked for. */
  readonly namespace: string
  readonly isConfigMapWatched: boolean
  readonly containerCredentialsPath: string | undefined
  /** Name of a ConfigMap in `namespace`. */
  readonly containerCredentialsConfigMap: string | undefined
  readonly lookup: LookupOptions
  readonly logger: Logger
  readonly metrics: Metrics
}
