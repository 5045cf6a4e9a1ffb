import { type Command, defineCommand } from '../engine/command.ts'

/** Makes the `version` command. */
export function createVersionCommand(version: string): Command {
  return defineCommand({
    name: 'version',
    summary: 'Print the version',
    groups: {},
    examples: [{ purpose: 'as --version does', line: 'roles-anywhere version' }],
    async run(_values, io) {
      io.stdout.write(`${version}\n`)
      return 0
    },
  })
}
