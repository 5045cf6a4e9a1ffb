import type { PluginReader } from '../../ecr/lint/plugin-rules.ts'
import { readCommandLine } from '../engine/command-line.ts'
import { UsageError } from '../engine/usage-error.ts'
import { keepKnownArguments } from './known-arguments.ts'
import { SOURCE_GROUPS, toSourceSettings } from './source-flags.ts'

/** Reads what a kubelet's configuration starts the plugin with, as the plugin does. `prefix` begins its variables. */
export function createPluginReader(prefix: string): PluginReader {
  return (args, variables) => {
    try {
      const line = readCommandLine(SOURCE_GROUPS, keepKnownArguments(SOURCE_GROUPS, args), {
        prefix,
        variables,
      })
      return line.kind === 'run'
        ? toSourceSettings(line.values)
        : { problem: `it only prints its ${line.kind}` }
    } catch (error) {
      if (error instanceof UsageError) return { problem: error.message }
      throw error
    }
  }
}
