import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Which rooms of `src` a room may import from, besides itself (docs/architecture.md, "Arrows point one way"). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  bin: ['cli'],
  cli: [
    'webhook',
    'audit',
    'doctor',
    'checks',
    'oidc',
    'iam',
    'ecr',
    'roles-anywhere',
    'aws',
    'kubernetes',
    'telemetry',
    'text',
  ],
  webhook: ['aws', 'kubernetes', 'telemetry', 'text'],
  audit: ['doctor', 'webhook', 'oidc', 'iam', 'checks', 'aws', 'kubernetes', 'telemetry', 'text'],
  doctor: ['webhook', 'oidc', 'iam', 'checks', 'aws', 'kubernetes', 'telemetry', 'text'],
  checks: [],
  oidc: ['checks', 'iam', 'aws', 'kubernetes', 'telemetry', 'text'],
  iam: ['aws', 'kubernetes', 'telemetry', 'text'],
  ecr: ['roles-anywhere', 'aws', 'kubernetes', 'telemetry', 'text'],
  'roles-anywhere': ['aws', 'kubernetes', 'telemetry', 'text'],
  aws: ['text'],
  kubernetes: ['text'],
  telemetry: ['text'],
  text: [],
}

/** Rooms that give the same values for the same arguments: they import each other, and nothing else at all. */
const PURE_ROOMS = [
  'webhook/admission',
  'webhook/annotation-policy',
  'webhook/identity',
  'webhook/injection',
  'webhook/policy',
  'checks',
  'text',
] as const

/** What reads a clock, draws a number or touches the world outside without an import. */
const IMPURE_GLOBALS =
  /\b(?:Date\.now|new Date\(|Math\.random|performance\.|process\.|fetch\(|setTimeout|setInterval|setImmediate|console\.|crypto\.|globalThis)/

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g

/**
 * Finds what breaks the rules in one source file, a line each.
 *
 * `path` is relative to `src`; `source` is its text.
 */
export function findRoomViolations(path: string, source: string): readonly string[] {
  const [room = ''] = path.split('/')
  const allowed = ALLOWED[room]
  if (allowed === undefined)
    return [`src/${path}: there is no room src/${room}; scripts/check-rooms.ts lists them`]
  const pureRoom = PURE_ROOMS.find((pure) => path.startsWith(`${pure}/`))
  const violations: string[] = []
  for (const [, specifier = ''] of source.matchAll(IMPORT)) {
    const target = specifier.startsWith('.') ? join(dirname(path), specifier) : undefined
    const [targetRoom = ''] = target?.split('/') ?? []
    if (pureRoom !== undefined) {
      const isPure = target !== undefined && PURE_ROOMS.some((pure) => target.startsWith(`${pure}/`))
      if (!isPure) violations.push(`src/${path}: ${pureRoom} is pure and imports ${specifier}`)
    } else if (
      target !== undefined &&
      !target.startsWith('..') &&
      targetRoom !== room &&
      !allowed.includes(targetRoom)
    ) {
      violations.push(`src/${path}: ${room} may not import from ${targetRoom} (${specifier})`)
    }
  }
  const impure = pureRoom === undefined ? null : IMPURE_GLOBALS.exec(withoutComments(source))
  if (impure !== null) violations.push(`src/${path}: ${pureRoom} is pure and uses ${impure[0]}`)
  return violations
}

/** A source file by its path relative to `src`, and what it imports of `src`, type-only and dynamic imports included. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>

/** The files of `src` that a source imports, by their paths relative to `src`. */
export function listImports(path: string, source: string): readonly string[] {
  return [...source.matchAll(IMPORT)]
    .map(([, specifier = '']) => specifier)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => join(dirname(path), specifier))
}

/** Finds circles of imports, a line each: `src/a.ts: imports itself by way of src/b.ts`. */
export function findCircles(graph: ImportGraph): readonly string[] {
  const done = new Set<string>()
  const way: string[] = []
  const circles: string[] = []
  const visit = (path: string) => {
    const start = way.indexOf(path)
    if (start !== -1) {
      const [first = '', ...others] = way.slice(start)
      circles.push(
        `src/${first}: imports itself by way of ${others.map((other) => `src/${other}`).join(', ')}`,
      )
    }
    if (start !== -1 || done.has(path)) return
    way.push(path)
    for (const target of graph.get(path) ?? []) visit(target)
    way.pop()
    done.add(path)
  }
  for (const path of [...graph.keys()].sort((a, b) => a.localeCompare(b))) visit(path)
  return circles
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '')
}

async function checkRooms(): Promise<number> {
  const src = fileURLToPath(new URL('../src', import.meta.url))
  const violations: string[] = []
  const graph = new Map<string, readonly string[]>()
  for await (const file of glob('**/*.ts', { cwd: src })) {
    const path = relative(src, join(src, file))
    const source = readFileSync(join(src, file), 'utf8')
    violations.push(...findRoomViolations(path, source))
    graph.set(path, listImports(path, source))
  }
  violations.push(...findCircles(graph))
  for (const violation of violations.sort((a, b) => a.localeCompare(b)))
    process.stderr.write(`${violation}\n`)
  process.stderr.write(`rooms: ${graph.size} files, ${violations.length} violations\n`)
  return violations.length === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = await checkRooms()
