import { quoteText } from '../../text/quoted-text.ts'
import { type CommandIo, isColorful, type TextOutput } from './command.ts'
import { concealGiven } from './concealed-output.ts'
import type { PageLayout } from './help-page.ts'
import { findNearestName } from './nearest-name.ts'
import { listGroup, type Program } from './program-description.ts'
import { UsageError } from './usage-error.ts'

const USAGE_EXIT_CODE = 2

/**
 * Does what the arguments ask for and resolves to the exit code: a wrong command line is the program's `usageExitCode`, any
 * other error 1, each with one line on stderr. Never rejects.
 */
export async function runProgram(
  program: Program,
  given: readonly string[],
  process: CommandIo,
): Promise<number> {
  const io = concealGiven(process, given, program.environmentPrefix)
  try {
    if (given[0] === '__complete') {
      const { answerCompletion } = await import('./completion/answer.ts')
      return await answerCompletion(program, given.slice(1), io)
    }
    const args = readHelpCommand(given)
    if (asksForGroupHelp(program, args)) {
      const { renderGroupHelp } = await import('./help-page.ts')
      io.stdout.write(renderGroupHelp(program, args[0] ?? '', layOut(io.stdout, io.env)))
      return 0
    }
    const { command, rest } = selectCommand(program, args)
    const environment = { prefix: program.environmentPrefix, variables: io.env }
    const request = command.read(rest, environment)
    switch (request.kind) {
      case 'help': {
        // Not loaded for runs: credential-process is over in some tens of milliseconds.
        const { renderHelp } = await import('./help-page.ts')
        io.stdout.write(renderHelp(program, command, layOut(io.stdout, io.env)))
        return 0
      }
      case 'version':
        io.stdout.write(`${program.version}\n`)
        return 0
      case 'run':
        return await request.run(io)
    }
  } catch (error) {
    io.stderr.write(`${program.name}: ${describeError(error)}\n`)
    return error instanceof UsageError ? (program.usageExitCode ?? USAGE_EXIT_CODE) : 1
  }
}

/** `help COMMAND` is another way to write `COMMAND --help`. */
function readHelpCommand(args: readonly string[]): readonly string[] {
  return args[0] === 'help' ? [...args.slice(1), '--help'] : args
}

function asksForGroupHelp(program: Program, [word = '', second = '']: readonly string[]): boolean {
  return (second === '--help' || second === '-h') && listGroup(program, word).length > 0
}

function selectCommand(program: Program, args: readonly string[]) {
  const [word = '', second = ''] = args
  if (word === '' || word.startsWith('-')) return { command: program.commands[0], rest: args }
  const group = listGroup(program, word)
  const isGroup = group.length > 0
  const name = isGroup ? `${word} ${second}` : word
  const command = program.commands.find((candidate) => candidate.name === name)
  if (command !== undefined) return { command, rest: args.slice(isGroup ? 2 : 1) }
  const names = (isGroup ? group : program.commands).map((candidate) => candidate.name)
  if (isGroup && (second === '' || second.startsWith('-'))) {
    throw new UsageError(`${word} needs a command: ${names.join(', ')}`)
  }
  const nearest = findNearestName(name, names)
  const hint = nearest === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${nearest}?`
  throw new UsageError(`unknown command ${quoteText(name)}; ${hint}`)
}

/** Lines over 120 characters are hard to read, under 60 there is no room for the flags. */
function layOut(output: TextOutput, env: CommandIo['env']): PageLayout {
  return { width: Math.min(Math.max(output.columns ?? 80, 60), 120), isColorful: isColorful(output, env) }
}

/** One line; the stack follows where the error is a mistake in the program, which a message alone does not find. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return toLine(String(error))
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError
  return isBug ? `internal error: ${error.stack ?? error.message}` : toLine(error.message)
}

function toLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, '; ')
}
