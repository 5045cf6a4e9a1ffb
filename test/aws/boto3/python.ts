import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')
const CACHE = join(import.meta.dirname, '..', '..', '..', '.cache')

/** The path of a Python that has boto3, made on first use in .cache; else the reason why there is none. */
export function providePython(): { readonly path: string } | { readonly missing: string } {
  const { status } = spawnSync('python3', ['-c', 'import venv, ensurepip'], { stdio: 'ignore' })
  if (status !== 0) return { missing: 'there is no python3 with venv' }
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const folder = join(CACHE, `boto3-${digest}`)
  const path = join(folder, 'bin', 'python')
  if (existsSync(path)) return { path }
  process.stderr.write('making a Python environment with boto3 in .cache\n')
  const steps: [string, ...string[]][] = [
    ['python3', '-m', 'venv', folder],
    [path, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS],
  ]
  for (const [program, ...args] of steps) {
    if (spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0) continue
    rmSync(folder, { recursive: true, force: true })
    return { missing: 'boto3 could not be installed' }
  }
  return { path }
}
