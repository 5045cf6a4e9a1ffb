import type { Step } from './step.ts'

/** A command of an sh script. */
export interface ShellCommand {
  /** The program and its arguments, unquoted. */
  readonly args: readonly string[]
  /** Given to it on stdin, as a here-document. */
  readonly stdin?: string
}

/** Characters that mean themselves in sh. */
const PLAIN = /^[\w@%+=:,./-]+$/

const END_OF_DOCUMENT = 'END'

/**
 * Writes the steps as an sh script for people who do not have this program: numbered comments, their commands, documents
 * in full; notes, a line each, end it. A script of no steps says so.
 */
export function renderScript(
  steps: readonly Pick<Step, 'resource' | 'detail' | 'commands'>[],
  notes: readonly string[] = [],
): string {
  const ending = notes.map((note) => `# ${note}\n`).join('')
  if (steps.length === 0) return `#!/bin/sh\n# There is nothing to do.\n${ending}`
  const parts = steps.map(
    ({ resource, detail, commands }, index) =>
      `# ${index + 1}. ${resource}: ${detail}\n${commands.map(renderCommand).join('')}`,
  )
  return `#!/bin/sh\nset -eu\n\n${parts.join('\n')}${ending === '' ? '' : `\n${ending}`}`
}

function renderCommand({ args, stdin }: ShellCommand): string {
  const line = args.map(quoteArgument).join(' ')
  if (stdin === undefined) return `${line}\n`
  const text = stdin.endsWith('\n') ? stdin : `${stdin}\n`
  return `${line} <<'${END_OF_DOCUMENT}'\n${text}${END_OF_DOCUMENT}\n`
}

function quoteArgument(argument: string): string {
  return PLAIN.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}
