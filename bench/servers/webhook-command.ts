import { existsSync } from 'node:fs'
import { readImageStart } from '../../scripts/image.ts'
import type { CertificatePair } from './certificates.ts'

/** Node's own options, for the webhook as for the bare server: those of the image. */
export const SERVER_NODE_OPTIONS = readImageStart().nodeOptions.join(' ')

/** Environment variables, for the webhook as for the bare server: those of the image. */
export const SERVER_ENVIRONMENT = readImageStart().env

/** ServiceAccounts from deploy/examples. */
export const EXAMPLES: readonly string[] = ['--manifests', 'deploy/examples']

/** How the production bundle is started: `node` with these arguments. */
export function buildWebhookArguments(options: {
  readonly bundlePath: string
  readonly pair: CertificatePair
  readonly port: number
  readonly metricsPort: number
  /** Flags that say where ServiceAccounts come from. */
  readonly source: readonly string[]
}): readonly string[] {
  if (!existsSync(options.bundlePath)) {
    throw new Error(`${options.bundlePath} does not exist: run npm run build first`)
  }
  return [
    options.bundlePath,
    'serve',
    '--in-cluster=false',
    ...options.source,
    ...['--tls-cert', options.pair.certPath],
    ...['--tls-key', options.pair.keyPath],
    ...['--port', String(options.port)],
    ...['--metrics-port', String(options.metricsPort)],
    ...['--log-level', 'info'],
    ...['--log-format', 'json'],
    ...['--shutdown-delay', '0s'],
  ]
}
