import { type Assignment, type OperandRule, readArguments } from './arguments.ts'
import type {
  FlagDefinition,
  FlagGroup,
  FlagGroups,
  FlagTable,
  FlagValues,
  GroupValues,
} from './flag-table.ts'
import { parseFlag } from './flag-value.ts'
import { UsageError } from './usage-error.ts'

/** Flags of every command. They cannot come from the environment, where `…_VERSION` often names an image's tag. */
export const BUILT_IN_FLAGS = {
  help: { kind: 'boolean', name: 'help', short: 'h', help: 'Print this help and exit.' },
  version: { kind: 'boolean', name: 'version', help: 'Print the version and exit.' },
} as const satisfies FlagTable

/** Variables that flags may come from, where their names begin with `prefix`. */
export interface Environment {
  readonly prefix: string
  readonly variables: Readonly<Record<string, string | undefined>>
}

const NO_ENVIRONMENT: Environment = { prefix: '', variables: {} }

/** What a command line asks for. */
export type CommandLine<G extends FlagGroups> =
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'run'; readonly values: GroupValues<G>; readonly operands: readonly string[] }

/**
 * Reads the arguments after the command's name; what they do not give comes from the environment, else from the defaults.
 *
 * Throws a UsageError on the first problem.
 */
export function readCommandLine<G extends FlagGroups>(
  groups: G,
  args: readonly string[],
  environment: Environment,
  operandRule?: OperandRule,
): CommandLine<G> {
  const tables = [...Object.values(groups).map((group) => group.flags), BUILT_IN_FLAGS]
  const definitions = tables.flatMap((table) => Object.values<FlagDefinition>(table))
  const { assignments, operands } = readArguments(definitions, args, operandRule)
  const builtIn = readValues(BUILT_IN_FLAGS, assignments, NO_ENVIRONMENT)
  if (builtIn.help) return { kind: 'help' }
  if (builtIn.version) return { kind: 'version' }
  for (const group of Object.values(groups)) refuseFlags(group, assignments)
  const values = Object.entries(groups).map(([key, group]) => [
    key,
    readValues(group.flags, assignments, isInert(group) ? NO_ENVIRONMENT : environment),
  ])
  if (operandRule !== undefined && operandRule.isOptional !== true && operands.length === 0)
    throw new UsageError(`${operandRule.placeholder} is needed; --help tells more`)
  return { kind: 'run', values: Object.fromEntries(values) as GroupValues<G>, operands }
}

/** Whether the values of the group's flags do nothing. */
export function isInert(group: FlagGroup): boolean {
  return group.isIgnored === true || group.refusal !== undefined
}

function refuseFlags({ flags, refusal }: FlagGroup, assignments: readonly Assignment[]): void {
  if (refusal === undefined) return
  const refused = assignments.find(({ definition }) => Object.values(flags).includes(definition))
  if (refused !== undefined) throw new UsageError(`${refused.written} is refused: ${refusal}`)
}

function readValues<T extends FlagTable>(
  flags: T,
  assignments: readonly Assignment[],
  environment: Environment,
): FlagValues<T> {
  const values = Object.entries(flags).map(([key, definition]) => {
    const given = assignments.filter((assignment) => assignment.definition === definition)
    const written = given.at(-1)?.written
    if (written !== undefined)
      return [
        key,
        parseFlag(
          definition,
          given.map(({ text }) => text),
          written,
        ),
      ]
    const variable = nameVariable(environment.prefix, definition.name)
    const text = environment.variables[variable]
    return [key, parseFlag(definition, isSet(text) ? [text] : [], variable)]
  })
  return Object.fromEntries(values) as FlagValues<T>
}

/** The environment variable that a flag may come from. */
export function nameVariable(prefix: string, flagName: string): string {
  return prefix + flagName.replaceAll('-', '_').toUpperCase()
}

/**
 * What the kubelet writes for a Service: in a pod beside a Service named pod-identity-webhook, POD_IDENTITY_WEBHOOK_PORT
 * is tcp://10.96.0.7:443 unless the pod sets enableServiceLinks to false.
 */
const SERVICE_LINK = /^(?:tcp|udp|sctp):\/\//

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '' && !SERVICE_LINK.test(text)
}
