import { readFileSync } from 'node:fs'

/** One instruction of a Dockerfile: `COPY`, `RUN`, …, and the rest of its lines as one. */
export interface Instruction {
  readonly name: string
  readonly text: string
}

/** What begins with a FROM, and the instructions after it. */
export interface Stage {
  readonly from: string
  readonly instructions: readonly Instruction[]
}

/** Reads the stages of the Dockerfile, of which the last one is the image. */
export function readDockerfile(): readonly Stage[] {
  return parseDockerfile(readFileSync(new URL('../Dockerfile', import.meta.url), 'utf8'))
}

/** Parses as much as a Dockerfile without here-documents and parser directives has. Throws where it begins otherwise. */
export function parseDockerfile(text: string): readonly Stage[] {
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  const stages: { from: string; instructions: Instruction[] }[] = []
  for (const line of lines.filter((candidate) => candidate.trim() !== '')) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push({ from: rest, instructions: [] })
    else if (stages.length === 0) throw new Error(`Dockerfile: ${line}: only FROM may come first`)
    else stages.at(-1)?.instructions.push({ name, text: rest })
  }
  return stages
}
