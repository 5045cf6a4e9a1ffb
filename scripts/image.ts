import { readDockerfile } from './dockerfile.ts'

/** How the image starts a program: what benchmarks and tests start as it does. */
export interface ImageStart {
  /** Options of Node itself. */
  readonly nodeOptions: readonly string[]
  /** The program, as a path in the image. */
  readonly program: string
  /** What it is told where nobody says otherwise. */
  readonly defaultArgs: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** User and group, as numbers: `runAsNonRoot` knows no names. */
  readonly user: string
}

/** Reads it off the Dockerfile, so that what is measured is what is shipped. */
export function readImageStart(): ImageStart {
  const instructions = readDockerfile().at(-1)?.instructions ?? []
  const read = (name: string): string => {
    const [found, ...more] = instructions.filter((instruction) => instruction.name === name)
    if (found === undefined || more.length > 0) throw new Error(`Dockerfile: the image needs one ${name}`)
    return found.text
  }
  const [node, ...args]: string[] = JSON.parse(read('ENTRYPOINT'))
  const program = args.at(-1)
  if (node !== 'node' || program === undefined) throw new Error('Dockerfile: no ENTRYPOINT ["node", …]')
  const separate = (variable: string): [string, string] => {
    const equals = variable.indexOf('=')
    return [variable.slice(0, equals), variable.slice(equals + 1)]
  }
  return {
    nodeOptions: args.slice(0, -1),
    program,
    defaultArgs: JSON.parse(read('CMD')),
    env: Object.fromEntries(read('ENV').split(' ').map(separate)),
    user: read('USER'),
  }
}
