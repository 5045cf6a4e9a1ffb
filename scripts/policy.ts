// Writes the policies that deploy ships, as the command prints them; --check only compares.
import { readFile, writeFile } from 'node:fs/promises'
import { runProgram } from '../src/cli/engine/program.ts'
import { ACTIONS } from '../src/cli/pod-identity-webhook/actions.ts'
import { createProgram } from '../src/cli/pod-identity-webhook/program.ts'

const PATHS = ['deploy/components/policy/policies.yaml', 'deploy/chart/files/policies.yaml'] as const

const NOTICE = '# What `pod-identity-webhook policy` prints: `make policy` writes it anew.\n'

/** The text of the shipped policies. */
export async function renderPolicies(): Promise<string> {
  const parts = [NOTICE]
  const program = createProgram(ACTIONS)
  const stdout = { write: (part: string | Uint8Array) => parts.push(String(part)) }
  const code = await runProgram(program, ['policy'], { ...process, stdout, env: {} })
  if (code !== 0) throw new Error(`pod-identity-webhook policy ended with ${code}`)
  return parts.join('')
}

/** The shipped files that are not what the command prints. */
export async function findStalePolicies(): Promise<readonly string[]> {
  const text = await renderPolicies()
  const contents = await Promise.all(PATHS.map((path) => readFile(path, 'utf8').catch(() => undefined)))
  return PATHS.filter((_, index) => contents[index] !== text)
}

async function run(): Promise<number> {
  if (!process.argv.includes('--check')) {
    const text = await renderPolicies()
    for (const path of PATHS) await writeFile(path, text)
    return 0
  }
  const stale = await findStalePolicies()
  for (const path of stale) process.stderr.write(`${path} is not what the command prints: make policy\n`)
  return stale.length === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = await run()
