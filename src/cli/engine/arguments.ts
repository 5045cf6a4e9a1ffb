import { quoteText } from '../../text/quoted-text.ts'
import type { FlagDefinition, NameKind } from './flag-table.ts'
import { describeAllowed, parseBoolean, refuseContent } from './flag-value.ts'
import { findNearestName } from './nearest-name.ts'
import { UsageError } from './usage-error.ts'

/** One flag of a command line: `written` is how the user spelled it. */
export interface Assignment {
  readonly definition: FlagDefinition
  readonly written: string
  readonly text: string
}

/** The arguments of a command that are not flags. */
export interface OperandRule {
  /** Stands for one in `--help`: `FILE`. */
  readonly placeholder: string
  readonly isRepeatable: boolean
  /** Whether none will do too. */
  readonly isOptional?: boolean
  /** What shells complete it by, where it is no file: names, or one of these. */
  readonly completes?: NameKind
  readonly values?: readonly string[]
}

/** What arguments say. */
export interface ReadArguments {
  readonly assignments: readonly Assignment[]
  readonly operands: readonly string[]
}

/**
 * Splits arguments into flags and their texts, by pflag's rules: `--flag=value`, `--flag value`, `-f=value`, `-f value`,
 * `-fvalue`; a boolean takes a value only after `=`; `_` in a name is read as `-`, as klog's flags are written. Operands may stand anywhere; after `--` there is nothing else.
 *
 * Throws a UsageError on an unknown flag, a missing value, or an argument that is neither a flag nor an operand.
 */
export function readArguments(
  definitions: readonly FlagDefinition[],
  args: readonly string[],
  operandRule: OperandRule | undefined,
): ReadArguments {
  const assignments: Assignment[] = []
  const operands: string[] = []
  const addOperand = (argument: string, before: Assignment | undefined) => {
    const isAllowed = operandRule !== undefined && (operandRule.isRepeatable || operands.length === 0)
    if (!isAllowed || argument === '') throw unexpectedArgument(argument, before)
    refuseContent(operandRule.placeholder, argument, `the argument ${operandRule.placeholder}`)
    operands.push(argument)
  }
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    if (argument === '--') {
      for (const operand of args.slice(index + 1)) addOperand(operand, undefined)
      break
    }
    if (argument === '-' || !argument.startsWith('-')) {
      addOperand(argument, assignments.at(-1))
      continue
    }
    const { definition, written, inlineText } = findFlag(definitions, argument)
    const text = inlineText ?? (definition.kind === 'boolean' ? 'true' : args[++index])
    if (text === undefined) throw new UsageError(`${written} needs a value: ${describeAllowed(definition)}`)
    assignments.push({ definition, written, text })
  }
  return { assignments, operands }
}

interface FoundFlag {
  readonly definition: FlagDefinition
  readonly written: string
  readonly inlineText: string | undefined
}

function findFlag(definitions: readonly FlagDefinition[], argument: string): FoundFlag {
  const [written = '', ...rest] = argument.split('=')
  const inlineText = rest.length > 0 ? rest.join('=') : undefined
  const name = written.replace(/^--?/, '').replaceAll('_', '-')
  const named = definitions.find((definition) => definition.name === name)
  if (written.startsWith('--')) {
    if (named !== undefined) return { definition: named, written, inlineText }
    throw unknownFlag(written, name, definitions)
  }
  const short = definitions.find((definition) => definition.short === argument[1])
  const shortText = argument.slice(2)
  // -logtostderr is a long flag with a dash too few, not -l with the value "ogtostderr".
  const isMisspelled = short === undefined || (name.length > 1 && named !== undefined)
  if (isMisspelled || (short.kind === 'boolean' && shortText !== '' && !shortText.startsWith('='))) {
    throw unknownFlag(written, name, definitions)
  }
  return {
    definition: short,
    written: argument.slice(0, 2),
    inlineText: shortText === '' ? undefined : shortText.replace(/^=/, ''),
  }
}

function unknownFlag(written: string, name: string, definitions: readonly FlagDefinition[]): UsageError {
  const nearest = findNearestName(
    name,
    definitions.map((definition) => definition.name),
  )
  const hint = nearest === undefined ? '--help lists those that there are' : `did you mean --${nearest}?`
  return new UsageError(`unknown flag ${quoteUnlessPlain(written)}; ${hint}`)
}

function quoteUnlessPlain(written: string): string {
  return /^[\w-]{1,60}$/.test(written) ? written : quoteText(written)
}

function unexpectedArgument(argument: string, before: Assignment | undefined): UsageError {
  const isValueOfBoolean = before?.definition.kind === 'boolean' && parseBoolean(argument) !== undefined
  const hint = isValueOfBoolean ? `write ${before.written}=${argument}` : '--help lists what is allowed'
  return new UsageError(`unexpected argument ${quoteText(argument)}; ${hint}`)
}
