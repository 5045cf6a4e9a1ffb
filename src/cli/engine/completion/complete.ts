import type { Command } from '../command.ts'
import { BUILT_IN_FLAGS, isInert } from '../command-line.ts'
import type { FlagDefinition, NameKind } from '../flag-table.ts'
import { listGroup, type Program } from '../program-description.ts'
import type { NameQuestion } from './names.ts'

/** Something that the word at the cursor may become. */
export interface Candidate {
  readonly text: string
  /** What it is, for shells that show it; may be empty. */
  readonly about: string
}

/** What the word at the cursor may be: one of some texts, a name that has to be looked up, or the path of a file. */
export type Completion =
  | { readonly kind: 'texts'; readonly candidates: readonly Candidate[] }
  /** `lead` is what stands before the name in the same word, such as `--context=`. */
  | { readonly kind: 'names'; readonly question: NameQuestion; readonly lead: string }
  | { readonly kind: 'files' }

/** Completes the last of `words`, which follow the program's name; it is empty where a new word begins. */
export function completeWords(program: Program, words: readonly string[]): Completion {
  const [first = '', second] = words
  if (words.length > 1 && first === 'help') return completeWords(program, words.slice(1))
  const isCommandNext = words.length <= 1 && !first.startsWith('-')
  if (isCommandNext) return chooseTexts(listFirstWords(program), first)
  const group = listGroup(program, first)
  if (group.length > 0 && words.length === 2)
    return chooseTexts(
      group.map(({ name, summary }) => ({ text: name.slice(first.length + 1), about: summary })),
      second ?? '',
    )
  const isDefault = first.startsWith('-')
  const name = group.length > 0 ? `${first} ${second}` : first
  const command = isDefault ? program.commands[0] : program.commands.find((each) => each.name === name)
  if (command === undefined) return chooseTexts([], '')
  return completeArguments(command, words.slice(isDefault ? 0 : name.split(' ').length))
}

function listFirstWords(program: Program): readonly Candidate[] {
  const words = new Map(
    program.commands.map(({ name, summary }) => {
      const [word = ''] = name.split(' ')
      return [word, listGroup(program, word).length > 0 ? `Commands about ${word}` : summary]
    }),
  )
  words.set('help', 'Tell about a command')
  return [...words].map(([text, about]) => ({ text, about }))
}

function completeArguments(command: Command, words: readonly string[]): Completion {
  const flags = listFlags(command)
  const current = words.at(-1) ?? ''
  const given: { readonly flag: FlagDefinition; readonly value: string }[] = []
  let pending: FlagDefinition | undefined
  let isOperandsOnly = false
  for (const word of words.slice(0, -1)) {
    if (pending !== undefined) {
      given.push({ flag: pending, value: word })
      pending = undefined
    } else if (word === '--') isOperandsOnly = true
    else if (word.startsWith('-') && !isOperandsOnly) {
      const [written = '', value] = splitOnce(word)
      const flag = findFlag(flags, written)
      if (flag !== undefined && value === undefined && flag.kind !== 'boolean') pending = flag
      else if (flag !== undefined) given.push({ flag, value: value ?? 'true' })
    }
  }
  const ask = (kind: NameKind, begun: string, lead: string): Completion => {
    const find = (name: string) => given.findLast(({ flag }) => flag.name === name)?.value
    const question = {
      kind,
      begun,
      namespace: find('namespace'),
      kubeconfig: find('kubeconfig'),
      context: find('context'),
    }
    return { kind: 'names', question, lead }
  }
  if (pending !== undefined) return completeValue(pending, current, '', ask)
  if (current.startsWith('-') && !isOperandsOnly) {
    const [written = '', value] = splitOnce(current)
    const flag = value === undefined ? undefined : findFlag(flags, written)
    if (flag !== undefined) return completeValue(flag, value ?? '', `${written}=`, ask)
    const others = flags.filter((each) => each.kind === 'list' || !given.some((one) => one.flag === each))
    return chooseTexts(
      others.map(({ name, help }) => ({ text: `--${name}`, about: help })),
      current,
    )
  }
  const { operandRule } = command
  if (operandRule?.completes !== undefined) return ask(operandRule.completes, current, '')
  if (operandRule?.values !== undefined)
    return chooseTexts(
      operandRule.values.map((text) => ({ text, about: '' })),
      current,
    )
  return operandRule === undefined ? chooseTexts([], '') : { kind: 'files' }
}

function completeValue(
  flag: FlagDefinition,
  begun: string,
  lead: string,
  ask: (kind: NameKind, begun: string, lead: string) => Completion,
): Completion {
  if (flag.completes !== undefined) return ask(flag.completes, begun, lead)
  if (/^(FILE|PATH|DIR|FOLDER)$/.test(flag.placeholder ?? '')) return { kind: 'files' }
  const values = flag.kind === 'enum' ? flag.values : flag.kind === 'boolean' ? ['true', 'false'] : []
  return chooseTexts(
    values.map((value) => ({ text: lead + value, about: '' })),
    lead + begun,
  )
}

/** Those that do something: flags of other programs that are only accepted, or refused, are not offered. */
function listFlags({ groups }: Command): readonly FlagDefinition[] {
  const tables = Object.values(groups).filter((group) => !isInert(group))
  return [...tables.map(({ flags }) => flags), BUILT_IN_FLAGS].flatMap((table) =>
    Object.values<FlagDefinition>(table),
  )
}

function findFlag(flags: readonly FlagDefinition[], written: string): FlagDefinition | undefined {
  const name = written.replace(/^--?/, '').replaceAll('_', '-')
  return written.startsWith('--')
    ? flags.find((flag) => flag.name === name)
    : flags.find((flag) => flag.short === name)
}

function splitOnce(word: string): readonly [string, string?] {
  const position = word.indexOf('=')
  return position < 0 ? [word] : [word.slice(0, position), word.slice(position + 1)]
}

function chooseTexts(candidates: readonly Candidate[], begun: string): Completion {
  return { kind: 'texts', candidates: candidates.filter(({ text }) => text.startsWith(begun)) }
}
