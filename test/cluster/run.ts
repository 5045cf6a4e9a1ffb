/** Runs the suite against one control plane: `node test/cluster/run.ts [part of a test file's name …]`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CONNECTION_VARIABLE } from './support/cluster.ts'
import { startControlPlane } from './support/control-plane.ts'
import { ControlPlaneUnavailableError, findControlPlaneBinaries } from './support/control-plane-binaries.ts'

const ROOT_FOLDER = fileURLToPath(new URL('../../', import.meta.url))
const SUITE_FOLDER = fileURLToPath(new URL('.', import.meta.url))

process.exitCode = await runSuite(process.argv.slice(2))

async function runSuite(wanted: readonly string[]): Promise<number> {
  const files = (await readdir(SUITE_FOLDER))
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
    .map((name) => join('test', 'cluster', name))
  const reportProgress = (line: string) => console.error(`control plane: ${line}`)
  try {
    const binaries = await findControlPlaneBinaries(process.env, reportProgress)
    await buildBundle()
    const startedAtMs = performance.now()
    const controlPlane = await startControlPlane(binaries, { hasControllers: true })
    reportProgress(`ready in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`)
    try {
      const connectionPath = join(controlPlane.connection.workFolder, 'connection.json')
      await writeFile(connectionPath, JSON.stringify(controlPlane.connection), { mode: 0o600 })
      return await runTap(files, connectionPath)
    } finally {
      await controlPlane.stop()
    }
  } catch (error) {
    if (error instanceof ControlPlaneUnavailableError) return skipSuite(error)
    console.error(error instanceof Error ? error.message : error)
    return 1
  }
}

/** A machine without a control plane may leave the suite out; CI may not, where a check that cannot fail is none. */
function skipSuite({ message }: ControlPlaneUnavailableError): number {
  const isCi = !['', '0', 'false'].includes(process.env['CI'] ?? '')
  console.log(`${isCi ? 'failed' : 'skipped'}: ${message}`)
  console.log(
    isCi
      ? '0 passed, 1 failed'
      : '0 passed, 0 failed, 1 skipped: the whole suite, for want of a control plane',
  )
  return isCi ? 1 : 0
}

/** The suite runs what production runs, made from the sources as they are now. */
async function buildBundle(): Promise<void> {
  const script = join(ROOT_FOLDER, 'scripts', 'build.ts')
  const [code] = await once(
    spawn(process.execPath, [script], { cwd: ROOT_FOLDER, stdio: ['ignore', 'ignore', 'inherit'] }),
    'exit',
  )
  if (code !== 0) throw new Error('the bundle could not be built; the errors are above')
}

/** Files run one after the other: they share two cores with a control plane. */
async function runTap(files: readonly string[], connectionPath: string): Promise<number> {
  const summary = join(ROOT_FOLDER, 'scripts', 'tap-summary.mjs')
  const args = ['--jobs=1', '--timeout=300', '--disable-coverage', '-R', summary, ...files]
  const tap = spawn(join(ROOT_FOLDER, 'node_modules', '.bin', 'tap'), args, {
    cwd: ROOT_FOLDER,
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${join(ROOT_FOLDER, 'node_modules', '.bin')}:${process.env['PATH']}`,
      [CONNECTION_VARIABLE]: connectionPath,
    },
  })
  process.once('exit', () => tap.kill())
  const [code] = await once(tap, 'exit')
  return code ?? 1
}
