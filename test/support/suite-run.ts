import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isCi } from './ci.ts'

const ROOT_FOLDER = fileURLToPath(new URL('../../', import.meta.url))

/** The test files of a folder whose names hold one of the wanted parts, all where none is wanted; relative to the project. */
export async function listTestFiles(folder: string, wanted: readonly string[]): Promise<readonly string[]> {
  return (await readdir(folder))
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
    .sort()
    .map((name) => relative(ROOT_FOLDER, join(folder, name)))
}

/** Builds the bundle: suites run what production runs, made from the sources as they are now. */
export async function buildBundle(): Promise<void> {
  const script = join(ROOT_FOLDER, 'scripts', 'build.ts')
  const [code] = await once(
    spawn(process.execPath, [script], { cwd: ROOT_FOLDER, stdio: ['ignore', 'ignore', 'inherit'] }),
    'exit',
  )
  if (code !== 0) throw new Error('the bundle could not be built; the errors are above')
}

/** Runs test files one after the other, which share what the runner started; gives the exit code. */
export async function runTap(
  files: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const summary = join(ROOT_FOLDER, 'scripts', 'tap-summary.mjs')
  const args = ['--jobs=1', '--timeout=300', '--disable-coverage', '-R', summary, ...files]
  const tap = spawn(join(ROOT_FOLDER, 'node_modules', '.bin', 'tap'), args, {
    cwd: ROOT_FOLDER,
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${join(ROOT_FOLDER, 'node_modules', '.bin')}:${process.env['PATH']}`,
      ...env,
    },
  })
  process.once('exit', () => tap.kill())
  const [code] = await once(tap, 'exit')
  return code ?? 1
}

/**
 * Ends a suite that cannot run here. A machine without what it needs may leave it out; CI may not, where a check that cannot fail
 * is none.
 *
 * `lack` is what is missing in two words. Gives the exit code.
 */
export function skipSuite(reason: string, lack: string): number {
  console.log(`${isCi ? 'failed' : 'skipped'}: ${reason}`)
  console.log(
    isCi ? '0 passed, 1 failed' : `0 passed, 0 failed, 1 skipped: the whole suite, for want of ${lack}`,
  )
  return isCi ? 1 : 0
}
