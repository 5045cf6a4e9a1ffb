import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const ROOT_FOLDER = join(import.meta.dirname, '..', '..')

/** A block of code of a page. */
export interface CodeBlock {
  /** What stands after the three backticks. */
  readonly language: string
  readonly code: string
}

/** Reads the blocks of code of a page, such as `docs/eks-anywhere.md`, from top to bottom. */
export async function readCodeBlocks(page: string): Promise<readonly CodeBlock[]> {
  const content = await readFile(join(ROOT_FOLDER, page), 'utf8')
  return [...content.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    language,
    code,
  }))
}

/** How a page's commands ended. */
export interface PageRun {
  readonly code: number | null
  /** What each block printed; those after one that failed are not there. */
  readonly outputs: readonly string[]
  readonly errors: string
}

const MARK = '--- next block ---\n'

/** Runs blocks one after the other in one shell, in the checkout, until a command fails: as somebody would who follows the page. */
export async function runBlocks(
  blocks: readonly CodeBlock[],
  env: Readonly<Record<string, string>>,
): Promise<PageRun> {
  const script = blocks.map(({ code }) => `printf -- '${MARK.trim()}\\n'\n${code}`).join('')
  const child = spawn('bash', ['-eu', '-c', script], {
    cwd: ROOT_FOLDER,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, outputs: stdout.split(MARK).slice(1), errors }
}
