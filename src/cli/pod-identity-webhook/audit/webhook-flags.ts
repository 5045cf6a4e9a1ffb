import type { WebhookSettings } from '../../../audit/cluster-snapshot.ts'
import { readCommandLine } from '../../engine/command-line.ts'
import { toMutationSettings } from '../mutation-settings.ts'
import { SERVE_GROUPS } from '../serve-command.ts'

/** What the flags of a running webhook say; flags that this version does not take are another program's, and the defaults count. */
export function readWebhookSettings(args: readonly string[]): WebhookSettings {
  const flags = args[0] === 'serve' ? args.slice(1) : args
  return read(flags) ?? read([]) ?? raise()
}

function read(args: readonly string[]): WebhookSettings | undefined {
  try {
    const line = readCommandLine(SERVE_GROUPS, args, { variables: {}, prefix: '' })
    if (line.kind !== 'run') return undefined
    const { injection, accounts } = line.values
    return {
      settings: toMutationSettings(injection),
      isConfigMapWatched: accounts.isConfigMapWatched,
      containerCredentialsConfigMap: accounts.containerCredentialsConfigMap,
    }
  } catch {
    return undefined
  }
}

function raise(): never {
  throw new Error('the flags of the webhook have no defaults')
}
