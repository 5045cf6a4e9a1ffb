import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { runProgram } from '../../src/cli/engine/program.ts'
import { ACTIONS } from '../../src/cli/pod-identity-webhook/actions.ts'
import { createProgram } from '../../src/cli/pod-identity-webhook/program.ts'
import { captureIo } from '../cli/capture-io.ts'
import { readCodeBlocks } from './page-script.ts'

const PAGES = ['eks-anywhere', 'kubeadm', 'k3s', 'kops', 'key-rotation', 'migration'].map(
  (name) => `docs/${name}.md`,
)
const ROOT_FOLDER = join(import.meta.dirname, '..', '..')

for (const page of PAGES) {
  t.test(page, async (t) => {
    const blocks = await readCodeBlocks(page)
    const code = (language: string) => blocks.filter((block) => block.language === language)
    t.strictSame(
      blocks.filter(({ language }) => !['sh', 'console', 'yaml'].includes(language)),
      [],
      'every block says what it is',
    )
    const script = code('sh')
      .map((block) => block.code)
      .join('')
    t.match(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }), { status: 0, stderr: '' })
    for (const block of code('yaml'))
      for (const document of parseAllDocuments(block.code)) t.strictSame(document.errors, [])
    for (const command of findOwnCommands(script)) await checkFlags(t, command)
    for (const target of findLinks(page)) t.ok(existsSync(join(ROOT_FOLDER, dirname(page), target)), target)
  })
}

/** The command lines of our program, continued lines joined. */
function findOwnCommands(script: string): readonly string[] {
  return script
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.startsWith('pod-identity-webhook '))
}

async function checkFlags(t: Test, command: string): Promise<void> {
  const [, group = '', name = '', ...words] = command.split(/\s+/)
  const { io, output } = captureIo({ env: {} })
  await runProgram(createProgram(ACTIONS), [group, name, '--help'], io)
  const flags = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0] ?? '')
  for (const flag of flags) t.match(output.stdout, `${flag} `, `${group} ${name} has ${flag}`)
}

/** Paths of relative links, without their fragments. */
function findLinks(page: string): readonly string[] {
  const content = readFileSync(join(ROOT_FOLDER, page), 'utf8')
  return [...content.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !target.includes('://'))
}
