import { type Command, defineCommand } from '../engine/command.ts'
import { SHELLS, type Shell, writeCompletionScript } from '../engine/completion/scripts.ts'
import { UsageError } from '../engine/usage-error.ts'

/** Makes the `completion` command of the program of this name. */
export function createCompletionCommand(program: string): Command {
  return defineCommand({
    name: 'completion',
    summary: 'Print the script by which a shell completes commands, flags and names from the cluster',
    groups: {},
    operandRule: { placeholder: 'SHELL', isRepeatable: false, values: SHELLS },
    examples: [
      { purpose: 'bash, in ~/.bashrc', line: `source <(${program} completion bash)` },
      { purpose: 'zsh, in ~/.zshrc after compinit', line: `source <(${program} completion zsh)` },
      { purpose: 'fish, in ~/.config/fish/config.fish', line: `${program} completion fish | source` },
    ],
    async run(_values, io, [shell = '']) {
      if (!isShell(shell)) throw new UsageError(`completion takes one of ${SHELLS.join(', ')}`)
      io.stdout.write(writeCompletionScript(shell, program))
      return 0
    },
  })
}

function isShell(text: string): text is Shell {
  return SHELLS.some((shell) => shell === text)
}
