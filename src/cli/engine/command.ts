import type { OperandRule } from './arguments.ts'
import { type Environment, readCommandLine } from './command-line.ts'
import type { FlagGroups, GroupValues } from './flag-table.ts'

/** Where text goes, or bytes of a command that writes such: a stream, or something that collects it. */
export interface TextOutput {
  write(text: string | Uint8Array): unknown
  readonly isTTY?: boolean
  /** Width of the terminal in characters. */
  readonly columns?: number
}

/** What a command sees of the process that it runs in; `process` is one. */
export interface CommandIo {
  readonly stdin: AsyncIterable<string | Uint8Array>
  readonly stdout: TextOutput
  readonly stderr: TextOutput
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a command is, for `--help` and the reference. */
export interface CommandDescription {
  readonly name: string
  /** One sentence, without its full stop. */
  readonly summary: string
  readonly groups: FlagGroups
  /** Without it, the command takes flags alone. */
  readonly operandRule?: OperandRule
  readonly examples: readonly { readonly purpose: string; readonly line: string }[]
}

/** What a command line asks for, ready to be done; `run` resolves to the exit code. */
export type CommandRequest =
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'run'; run(io: CommandIo): Promise<number> }

/** A command of a program. */
export interface Command extends CommandDescription {
  /** Reads the arguments after the command's name. Throws a UsageError where they are wrong. */
  read(args: readonly string[], environment: Environment): CommandRequest
}

/** Makes a command whose `run` gets the values that its flag tables say, and its operands. */
export function defineCommand<const G extends FlagGroups>(
  definition: CommandDescription & {
    readonly groups: G
    run(values: GroupValues<G>, io: CommandIo, operands: readonly string[]): Promise<number>
  },
): Command {
  const { run, ...description } = definition
  return {
    ...description,
    read(args, environment) {
      const line = readCommandLine(definition.groups, args, environment, definition.operandRule)
      return line.kind === 'run' ? { kind: 'run', run: (io) => run(line.values, io, line.operands) } : line
    },
  }
}

/** Whether text for `output` may be coloured: on a terminal, unless NO_COLOR (https://no-color.org) says otherwise. */
export function isColorful(output: TextOutput, env: CommandIo['env']): boolean {
  return output.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}
