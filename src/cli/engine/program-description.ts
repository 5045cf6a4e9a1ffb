import type { Command } from './command.ts'
import type { NameFinder } from './completion/names.ts'

/** A program made of commands. */
export interface Program {
  readonly name: string
  readonly version: string
  /** One sentence, without its full stop. */
  readonly summary: string
  /** Begins the environment variables that flags may come from. */
  readonly environmentPrefix: string
  /** The first runs when the arguments name none. */
  readonly commands: readonly [Command, ...Command[]]
  /** The exit code of a command line that is wrong; 2 where absent. */
  readonly usageExitCode?: number
  /** Finds names for a shell that completes a word. */
  readonly findNames?: NameFinder
}

/** Commands whose names are two words belong to the group that the first one names: `oidc generate`. */
export function listGroup(program: Program, word: string): readonly Command[] {
  return program.commands.filter(({ name }) => name.startsWith(`${word} `))
}
