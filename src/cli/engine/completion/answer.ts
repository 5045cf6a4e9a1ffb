import { toPrintableLine } from '../../../text/printable-line.ts'
import type { CommandIo } from '../command.ts'
import type { Program } from '../program-description.ts'
import { type Candidate, completeWords } from './complete.ts'

/** What a shell does besides offering the candidates: the numbers are cobra's (ShellCompDirective), which kubectl reads. */
const DIRECTIVES = { files: 0, noSpace: 2, noFiles: 4 } as const

/** Writes what the last word may become: a line a candidate, with what it is behind a tab, then `:` and a directive. */
export async function answerCompletion(
  program: Program,
  words: readonly string[],
  io: Pick<CommandIo, 'stdout' | 'env'>,
): Promise<number> {
  const { candidates, directive } = await findCandidates(program, words, io.env)
  const lines = candidates.map(({ text, about }) =>
    about === '' ? text : `${text}\t${toPrintableLine(about)}`,
  )
  io.stdout.write(`${[...lines, `:${directive}`].join('\n')}\n`)
  return 0
}

async function findCandidates(program: Program, words: readonly string[], env: CommandIo['env']) {
  const completion = completeWords(program, words)
  switch (completion.kind) {
    case 'files':
      return { candidates: [], directive: DIRECTIVES.files }
    case 'texts':
      return { candidates: completion.candidates, directive: DIRECTIVES.noFiles }
    case 'names': {
      const { question, lead } = completion
      const names = (await program.findNames?.(question, env)) ?? []
      const candidates: Candidate[] = names
        .filter((name) => name.startsWith(question.begun) && /^[\w./:@-]+$/.test(name))
        .map((name) => ({ text: lead + name, about: '' }))
      const isOpen = names.some((name) => name.endsWith('/'))
      return { candidates, directive: DIRECTIVES.noFiles + (isOpen ? DIRECTIVES.noSpace : 0) }
    }
  }
}
