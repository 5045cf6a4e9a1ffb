import type { SyncOptions } from '../../../oidc/sync/sync.ts'
import { type Command, defineCommand } from '../../engine/command.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { LOGGING_FLAGS } from '../flags/logging-flags.ts'
import { toLogOptions } from '../log-options.ts'
import { PUBLICATION_GROUPS, toPublicationOptions } from './publication-flags.ts'

const SYNC_FLAGS = {
  title: 'Running',
  flags: {
    intervalMs: {
      kind: 'duration',
      name: 'interval',
      default: '60s',
      help: 'How long after a look at the cluster and the bucket the next one comes, a tenth more or less.',
    },
    metricsPort: {
      kind: 'integer',
      name: 'metrics-port',
      placeholder: 'PORT',
      min: 0,
      max: 65535,
      default: 9999,
      help: 'HTTP port of /metrics, /healthz and /readyz; 0 picks a free one.',
    },
  },
} as const satisfies FlagGroup

/** Makes the `oidc sync` command; `sync` runs until the process is told to end. */
export function createSyncCommand(version: string, sync: (options: SyncOptions) => Promise<void>): Command {
  return defineCommand({
    name: 'oidc sync',
    summary: 'Keep running and publish again whenever the keys of the cluster or the bucket change',
    groups: { ...PUBLICATION_GROUPS, sync: SYNC_FLAGS, logging: LOGGING_FLAGS },
    examples: [
      {
        purpose: 'in a pod of the cluster, see deploy/components/oidc-sync',
        line: 'pod-identity-webhook oidc sync --bucket=example-issuers --region=eu-central-1 --prefix=prod',
      },
    ],
    async run({ sync: { intervalMs, metricsPort }, logging, ...groups }, io) {
      if (intervalMs === 0) throw new UsageError('--interval is 0; it takes a pause such as 60s')
      const publication = toPublicationOptions(groups, io)
      const log = toLogOptions(logging, { isTerminal: io.stdout.isTTY === true })
      await sync({ version, publication, intervalMs, metricsPort, log })
      return 0
    },
  })
}
