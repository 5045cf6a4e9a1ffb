/** Checks the workflows of GitHub by actionlint, which is built once: `node scripts/check-workflows.ts`. */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { hasGo } from '../test/support/go-build.ts'
import { buildGoTool } from '../test/support/go-tool.ts'

const ACTIONLINT = {
  name: 'actionlint',
  moduleFolder: fileURLToPath(new URL('actionlint/', import.meta.url)),
  goPackage: 'github.com/rhysd/actionlint/cmd/actionlint',
  buildTime: 'half a minute',
}

/** A commit's digest, or a major version of those actions that GitHub itself keeps: no other text after the @ is fixed. */
const PINNED = /@(?:[0-9a-f]{40} # v\d+\.\d+\.\d+|v\d+)$/

/** Actions and images of a workflow that may become others overnight, a line each. */
export function findUnpinned(path: string, text: string): readonly string[] {
  return text.split('\n').flatMap((line, index) => {
    const uses = /^\s*(?:- )?uses: (.+)$/.exec(line)?.[1]
    return uses === undefined || PINNED.test(uses)
      ? []
      : [`${path}:${index + 1}: ${uses} is pinned neither by digest and version nor by major version`]
  })
}

async function checkWorkflows(): Promise<number> {
  const paths = globSync('.github/workflows/*.yml').sort()
  const unpinned = paths.flatMap((path) => findUnpinned(path, readFileSync(path, 'utf8')))
  for (const line of unpinned) process.stderr.write(`${line}\n`)
  if (!hasGo()) {
    const isCi = !['', '0', 'false'].includes(process.env['CI'] ?? '')
    process.stderr.write('workflows: not checked by actionlint: there is no Go to build it with\n')
    return isCi || unpinned.length > 0 ? 1 : 0
  }
  const program = await buildGoTool(ACTIONLINT, (line) => process.stderr.write(`actionlint: ${line}\n`))
  // Neither shellcheck nor pyflakes: whether they are installed is the machine's matter.
  const { status } = spawnSync(program, ['-shellcheck=', '-pyflakes=', ...paths], { stdio: 'inherit' })
  process.stderr.write(`workflows: ${paths.length} files, ${unpinned.length} not pinned\n`)
  return status === 0 && unpinned.length === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = await checkWorkflows()
