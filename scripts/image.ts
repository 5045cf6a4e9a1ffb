import { readFileSync } from 'node:fs'

/** How the image starts a program: what benchmarks and tests start as it does. */
export interface ImageStart {
  /** Options of Node itself. */
  readonly nodeOptions: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Reads it off the Dockerfile, so that what is measured is what is shipped. */
export function readImageStart(): ImageStart {
  const dockerfile = readFileSync(new URL('../Dockerfile', import.meta.url), 'utf8')
  const entryPoint: string[] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]')
  const [program, ...args] = entryPoint
  const variables = /^ENV (.*)$/m.exec(dockerfile)?.[1]?.split(' ') ?? []
  if (program !== 'node' || args.length === 0 || variables.length === 0) {
    throw new Error('Dockerfile: no ENTRYPOINT ["node", …] on one line, or no ENV')
  }
  const separate = (variable: string): [string, string] => {
    const equals = variable.indexOf('=')
    return [variable.slice(0, equals), variable.slice(equals + 1)]
  }
  return { nodeOptions: args.slice(0, -1), env: Object.fromEntries(variables.map(separate)) }
}
