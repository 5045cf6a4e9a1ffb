import { toPrintableJson, toPrintableLine } from '../text/printable-line.ts'
import type { Plan, ShellCommand, Step } from './step.ts'

/** Characters that mean themselves in sh. */
const PLAIN = /^[\w@%+=:,./-]+$/

const END_OF_DOCUMENT = 'END'

/**
 * Writes the steps as an sh script for people who do not have this program: numbered comments, their commands, documents
 * in full; notes, a line each, end it. A script of no steps says so. No text, whoever wrote it, becomes more than the
 * line or the argument that it is.
 */
export function renderScript({
  preface,
  steps,
  notes,
}: Pick<Plan, 'preface' | 'notes'> & {
  readonly steps: readonly Pick<Step, 'resource' | 'detail' | 'commands'>[]
}): string {
  const beginning = `#!/bin/sh\n${renderComments(preface)}`
  const ending = renderComments(notes)
  if (steps.length === 0) return `${beginning}# There is nothing to do.\n${ending}`
  const parts = steps.map(
    ({ resource, detail, commands }, index) =>
      `${renderComments([`${index + 1}. ${resource}: ${detail}`])}${commands.map(renderCommand).join('')}`,
  )
  return `${beginning}set -eu\n\n${parts.join('\n')}${ending === '' ? '' : `\n${ending}`}`
}

function renderComments(lines: readonly string[]): string {
  return lines.map((line) => `# ${toPrintableLine(line)}\n`).join('')
}

function renderCommand({ args, stdin, requirement }: ShellCommand): string {
  const line = args.map(quoteArgument).join(' ')
  if (requirement !== undefined) {
    const { output, refusal } = requirement
    return `case "$(${line} 2>&1)" in\n*${quoteArgument(output)}*) ;;\n*) echo ${quoteArgument(refusal)} >&2; exit 1 ;;\nesac\n`
  }
  if (stdin === undefined) return `${line}\n`
  const text = toPrintableJson(stdin.endsWith('\n') ? stdin : `${stdin}\n`)
  return `${line} <<'${END_OF_DOCUMENT}'\n${text}${END_OF_DOCUMENT}\n`
}

function quoteArgument(argument: string): string {
  return PLAIN.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}
