/**
 * Checks that every link of our pages to a file of the repository, or to a heading in one, leads somewhere. Links to other hosts are
 * not followed: `make check` needs no network.
 */
import { existsSync, readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGES = ['*.md', 'docs/**/*.md', 'bench/**/*.md', 'certs/**/*.md', 'deploy/**/*.md', 'test/node/*.md']

/** `[text](target)` and `![text](target)`; a target in angle brackets or with a title is nothing that we write. */
const LINK = /\]\(([^)\s]+)\)/g

/** The pages by their paths from the root; also asks whether a file that is no page is there. */
export interface Repository {
  readonly pages: ReadonlyMap<string, string>
  hasFile(path: string): boolean
}

/** Finds links that lead nowhere, a line each: `docs/a.md:3: there is no docs/b.md`. */
export function findBrokenLinks({ pages, hasFile }: Repository): readonly string[] {
  return [...pages].flatMap(([page, text]) =>
    removeCode(text)
      .split('\n')
      .flatMap((line, index) =>
        [...line.matchAll(LINK)].flatMap(([, target = '']) => {
          const problem = findProblem(page, target, { pages, hasFile })
          return problem === undefined ? [] : [`${page}:${index + 1}: ${problem}`]
        }),
      ),
  )
}

function findProblem(page: string, target: string, { pages, hasFile }: Repository): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? page : normalize(join(dirname(page), file))
  const text = pages.get(path)
  if (text === undefined) return hasFile(path) ? undefined : `there is no ${path}`
  if (anchor === undefined || listAnchors(text).has(anchor)) return undefined
  return `${path} has no heading #${anchor}`
}

/** The anchors that GitHub makes of headings: in lower case, without punctuation, spaces as dashes, a number behind repeated ones. */
export function listAnchors(text: string): ReadonlySet<string> {
  const counts = new Map<string, number>()
  const anchors = removeCode(text)
    .split('\n')
    .flatMap((line) => /^#{1,6}\s+(.+?)\s*$/.exec(line)?.[1] ?? [])
    .map((heading) => {
      const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
      const slug = words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-')
      const count = counts.get(slug) ?? 0
      counts.set(slug, count + 1)
      return count === 0 ? slug : `${slug}-${count}`
    })
  return new Set(anchors)
}

/** Lines of code stay as empty ones, so that the others keep their numbers. */
function removeCode(text: string): string {
  let isCode = false
  return text
    .split('\n')
    .map((line) => {
      const isFence = /^\s*(?:```|~~~)/.test(line)
      if (isFence) isCode = !isCode
      return isFence || isCode ? '' : line
    })
    .join('\n')
}

async function checkLinks(): Promise<number> {
  const pages = new Map<string, string>()
  for (const pattern of PAGES)
    for await (const path of glob(pattern, { cwd: ROOT }))
      pages.set(path, readFileSync(join(ROOT, path), 'utf8'))
  const broken = findBrokenLinks({ pages, hasFile: (path) => existsSync(join(ROOT, path)) })
  for (const line of broken) process.stderr.write(`${line}\n`)
  process.stderr.write(`links: ${pages.size} pages, ${broken.length} broken\n`)
  return broken.length === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = await checkLinks()
