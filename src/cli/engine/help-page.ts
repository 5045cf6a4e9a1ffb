import { styleText } from 'node:util'
import type { Command, CommandDescription } from './command.ts'
import { BUILT_IN_FLAGS, isInert, nameVariable } from './command-line.ts'
import type { FlagDefinition, FlagGroup } from './flag-table.ts'
import { listGroup, type Program } from './program-description.ts'

/** How a help page is laid out: its width in characters and whether it is coloured. */
export interface PageLayout {
  readonly width: number
  readonly isColorful: boolean
}

/** Where the texts of flags begin: eight of the 39 labels of `serve` are longer and have a line of their own. */
const TEXT_COLUMN = 32

/** Writes the help page of a command; the program's default command lists the others too. */
export function renderHelp(program: Program, command: Command, layout: PageLayout): string {
  const isDefault = command === program.commands[0]
  const usage = `${program.name} ${isDefault ? `[${command.name}]` : command.name} [flags]${labelOperands(command)}`
  const sections = [
    `${heading('Usage:', layout)} ${usage}`,
    ...wrapText(`${isDefault ? program.summary : command.summary}.`, layout.width),
  ]
  if (isDefault)
    sections.push('', heading('Commands:', layout), ...renderCommands(program, program.commands, layout))
  for (const group of Object.values(command.groups)) {
    sections.push('', heading(`${group.title}:`, layout), ...renderGroup(group, layout))
  }
  const builtIn = { title: 'Other flags', flags: BUILT_IN_FLAGS }
  sections.push('', heading(`${builtIn.title}:`, layout), ...renderGroup(builtIn, layout))
  if (isDefault)
    sections.push('', ...wrapText(`${program.name} help COMMAND tells about a command.`, layout.width))
  sections.push('', ...wrapText(describeEnvironment(program), layout.width))
  sections.push('', heading('Examples:', layout))
  for (const { purpose, line } of command.examples) sections.push(`  # ${purpose}`, `  ${line}`)
  return `${sections.join('\n')}\n`
}

/** Writes the help page of the commands whose names begin with `word`. */
export function renderGroupHelp(program: Program, word: string, layout: PageLayout): string {
  const sections = [
    `${heading('Usage:', layout)} ${program.name} ${word} COMMAND [flags]`,
    '',
    heading('Commands:', layout),
    ...renderCommands(program, listGroup(program, word), layout),
    '',
    ...wrapText(`${program.name} ${word} COMMAND --help tells more.`, layout.width),
  ]
  return `${sections.join('\n')}\n`
}

/** What follows the flags of a command, with the space before it: ` FILE...`. */
export function labelOperands({ operandRule }: CommandDescription): string {
  return operandRule === undefined
    ? ''
    : operandRule.isOptional
      ? ` [${operandRule.placeholder}]`
      : ` ${operandRule.placeholder}${operandRule.isRepeatable ? '...' : ''}`
}

/** The rule by which flags come from the environment, with an example. */
export function describeEnvironment(program: Program): string {
  const definitions = Object.values(program.commands[0].groups).flatMap((group) => Object.values(group.flags))
  const example = definitions.find(({ name }) => name.includes('-'))?.name ?? 'some-flag'
  const variable = nameVariable(program.environmentPrefix, example)
  return `Every flag can also come from the environment: --${example} from ${variable}. A flag wins. An empty variable counts as not set.`
}

function renderCommands(program: Program, commands: readonly Command[], { width }: PageLayout): string[] {
  const indent = Math.max(...commands.map(({ name }) => name.length)) + 4
  return commands.flatMap((command) => {
    const note = command === program.commands[0] ? ' (the default)' : ''
    return hang(`  ${command.name}`, `${command.summary}${note}.`.split(' '), indent, width)
  })
}

function renderGroup(group: FlagGroup, { width, isColorful }: PageLayout): string[] {
  const definitions = Object.values(group.flags)
  if (isInert(group)) {
    const names = definitions.map(({ name }) => `--${name}`).join(', ')
    return wrapText(names, width - 2).map((line) => `  ${line}`)
  }
  return definitions.flatMap((definition) => {
    const label = labelFlag(definition)
    const [first = '', ...rest] = hang(`  ${label}`, describeFlag(definition), TEXT_COLUMN, width)
    return [isColorful ? first.replace(label, styleFlag(label)) : first, ...rest]
  })
}

/** A flag as it is written, with its letter and what stands for its value: `-f, --filename FILE`. */
export function labelFlag(definition: FlagDefinition): string {
  const short = definition.short === undefined ? '' : `-${definition.short}, `
  const placeholder = placeholderOf(definition)
  return `${short}--${definition.name}${placeholder === '' ? '' : ` ${placeholder}`}`
}

function placeholderOf(definition: FlagDefinition): string {
  if (definition.placeholder !== undefined) return definition.placeholder
  switch (definition.kind) {
    case 'boolean':
      return ''
    case 'enum':
      return definition.values.join('|')
    case 'integer':
      return 'N'
    case 'duration':
      return 'DURATION'
    default:
      return 'TEXT'
  }
}

/** The words of a flag's text; its default is one word, so that it is not broken over two lines. */
function describeFlag(definition: FlagDefinition): string[] {
  const defaultText = describeDefault(definition)
  return [...definition.help.split(' '), ...(defaultText === undefined ? [] : [`(default ${defaultText})`])]
}

/** The default as it would be written; `undefined` where there is none worth showing. */
export function describeDefault(definition: FlagDefinition): string | undefined {
  if (definition.kind === 'list' || definition.default === undefined || definition.default === '')
    return undefined
  return String(definition.default)
}

/** Lays words out beside a label, from column `indent` on; below it where the label is longer. */
function hang(label: string, words: readonly string[], indent: number, width: number): string[] {
  const lines = wrapWords(words, width - indent).map((line) => ' '.repeat(indent) + line)
  if (label.length + 2 > indent) return [label, ...lines]
  const [first = '', ...rest] = lines
  return [label + first.slice(label.length), ...rest]
}

function wrapText(text: string, width: number): string[] {
  return wrapWords(text.split(' '), width)
}

function wrapWords(words: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

function heading(text: string, { isColorful }: PageLayout): string {
  return isColorful ? styleText('bold', text, { validateStream: false }) : text
}

function styleFlag(text: string): string {
  return styleText('cyan', text, { validateStream: false })
}
