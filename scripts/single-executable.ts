/**
 * Makes dist/ecr-credential-provider, or the file that it is given: the bundle inside a copy of this Node, for machines
 * that have none.
 *
 * Node 26 does all of it by itself (https://nodejs.org/api/single-executable-applications.html).
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const NAME = 'ecr-credential-provider'
const BUNDLE = join('dist', `${NAME}.mjs`)
const OUTPUT = resolve(process.argv[2] ?? join('dist', NAME))

const folder = mkdtempSync(join(tmpdir(), 'single-executable-'))
try {
  const config = join(folder, 'config.json')
  const settings = {
    main: BUNDLE,
    mainFormat: 'module',
    output: `${OUTPUT}.partial`,
    disableExperimentalSEAWarning: true,
    // The arguments are the plugin's alone, and NODE_OPTIONS of a kubelet's environment is not meant for it.
    execArgvExtension: 'none',
  }
  writeFileSync(config, JSON.stringify(settings))
  execFileSync(process.execPath, ['--build-sea', config], { stdio: ['ignore', 'ignore', 'inherit'] })
  chmodSync(settings.output, 0o755)
  // A kubelet must never run half a file.
  renameSync(settings.output, OUTPUT)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const version = execFileSync(OUTPUT, ['--version'], { encoding: 'utf8' }).trim()
process.stderr.write(`built ${OUTPUT}, version ${version}\n`)
