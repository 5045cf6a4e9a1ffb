import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const CACHE = join(import.meta.dirname, '..', '..', '.cache')

/** The folder with the programs of a Python environment, `python` among them, or why there is none. */
export type PythonEnvironment = { readonly binFolder: string } | { readonly missing: string }

/**
 * Gives the environment that has what `test/aws/NAME/requirements.txt` pins, made on first use in .cache; a change of that file
 * makes a new one.
 */
export function providePythonEnvironment(name: string): PythonEnvironment {
  const { status } = spawnSync('python3', ['-c', 'import venv, ensurepip'], { stdio: 'ignore' })
  if (status !== 0) return { missing: 'there is no python3 with venv' }
  const requirements = join(import.meta.dirname, name, 'requirements.txt')
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const folder = join(CACHE, `${name}-${digest}`)
  const binFolder = join(folder, 'bin')
  const python = join(binFolder, 'python')
  // Written last: an environment that was left half made is made again.
  const marker = join(folder, '.complete')
  if (existsSync(marker)) return { binFolder }
  rmSync(folder, { recursive: true, force: true })
  process.stderr.write(`making a Python environment with ${name} in .cache\n`)
  const steps: [string, ...string[]][] = [
    ['python3', '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
    ['touch', marker],
  ]
  for (const [program, ...args] of steps) {
    if (spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0) continue
    rmSync(folder, { recursive: true, force: true })
    return { missing: `${name} could not be installed` }
  }
  return { binFolder }
}
