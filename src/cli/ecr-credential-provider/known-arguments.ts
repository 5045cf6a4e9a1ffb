import { BUILT_IN_FLAGS } from '../engine/command-line.ts'
import type { FlagDefinition, FlagGroups } from '../engine/flag-table.ts'

/** Unknown flags that begin so are mistyped, and ignoring one would silently take other credentials. */
const OWN_PREFIXES = ['--roles-anywhere', '--role-arn']

/**
 * Leaves out the arguments that are no flags of these groups: klog's, a command of the plugin that this one replaces,
 * whatever a kubelet's configuration has. Flags that are nearly the plugin's own stay, to be refused.
 */
export function keepKnownArguments(groups: FlagGroups, args: readonly string[]): readonly string[] {
  const tables = [...Object.values(groups).map((group) => group.flags), BUILT_IN_FLAGS]
  const definitions = tables.flatMap((table) => Object.values<FlagDefinition>(table))
  const kept: string[] = []
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    const [written = '', ...inline] = argument.split('=')
    const name = written.replaceAll('_', '-')
    const definition = definitions.find((one) => name === `--${one.name}` || name === `-${one.short}`)
    if (definition === undefined) {
      if (OWN_PREFIXES.some((prefix) => name.startsWith(prefix))) kept.push(argument)
      continue
    }
    kept.push(argument)
    const value = args[index + 1]
    if (definition.kind !== 'boolean' && inline.length === 0 && value !== undefined) {
      kept.push(value)
      index++
    }
  }
  return kept
}
