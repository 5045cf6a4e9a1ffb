import { execFileSync } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { build } from 'esbuild'

/** CommonJS packages inside an ES module still ask for these three. */
const COMMONJS_NAMES = [
  "import { createRequire as createRequireOfModule } from 'node:module'",
  "import { dirname as dirnameOfModule } from 'node:path'",
  'const require = createRequireOfModule(import.meta.url)',
  'const __filename = import.meta.filename',
  'const __dirname = dirnameOfModule(__filename)',
].join('\n')

const outfile = 'dist/pod-identity-webhook.mjs'

await build({
  entryPoints: ['src/bin/pod-identity-webhook.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  // Names and lines stay readable in a stack trace; white space is most of what minifying saves.
  minifyWhitespace: true,
  keepNames: false,
  legalComments: 'linked',
  banner: { js: COMMONJS_NAMES },
  logLevel: 'warning',
})
await chmod(outfile, 0o755)
const version = execFileSync(process.execPath, [outfile, '--version'], { encoding: 'utf8' }).trim()
process.stderr.write(`built ${outfile}, version ${version}\n`)
