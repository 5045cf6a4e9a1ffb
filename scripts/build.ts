import { execFileSync } from 'node:child_process'
import { chmod, copyFile, glob, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { loadOnDemand } from './bundle/builtins-on-demand.ts'
import { leaveApart, nameApart } from './bundle/modules-apart.ts'
import { packModules } from './bundle/packed-modules.ts'

/** CommonJS packages inside an ES module still ask for these three. */
const COMMONJS_NAMES = [
  "import { createRequire as createRequireOfModule } from 'node:module'",
  "import { dirname as dirnameOfModule } from 'node:path'",
  'const require = createRequireOfModule(import.meta.url)',
  'const __filename = import.meta.filename',
  'const __dirname = dirnameOfModule(__filename)',
].join('\n')

/**
 * Programs whose start counts, and whose packages are ES modules: credential_process runs for every command of the AWS
 * CLI, the kubelet's plugin for every image.
 */
const PROGRAMS_WITHOUT_COMMONJS = ['roles-anywhere', 'ecr-credential-provider']

/** What few runs of a program need, and is packed: the AWS SDK and its reader of profiles, and what reads YAML. */
const PACKED_MODULES: Readonly<Record<string, RegExp>> = {
  'ecr-credential-provider': /(?:\/aws-sdk\.ts|^yaml|^@smithy\/core\/config)$/,
  'roles-anywhere': /(?:\/aws-sdk\.ts|^@smithy\/core\/config)$/,
}

/** What package.json exports to other programs, by file name. */
const LIBRARIES = { 'roles-anywhere': 'src/roles-anywhere/from-roles-anywhere.ts' }

const COMMON: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  // Names and lines stay readable in a stack trace; white space is most of what minifying saves.
  minifyWhitespace: true,
  keepNames: false,
  legalComments: 'linked',
  logLevel: 'warning',
}

/** The package yaml keeps its ES modules for browsers; its CommonJS ones would ask for `require`. */
const AS_ES_MODULES: BuildOptions = {
  mainFields: ['module', 'main'],
  conditions: ['module'],
  alias: { yaml: './node_modules/yaml/browser/index.js' },
}

/**
 * Rooms whose modules are not part of a program's bundle but files beside it.
 *
 * A server keeps its bundle in memory as long as it runs: the AWS SDK, and what makes certificates, are 600 KB, 3 MB of RSS
 * where certificates come from files. The kubelet starts its plugin for each image, and never as the server that it can be.
 */
const ROOMS_APART: Readonly<Record<string, { readonly rooms: RegExp; readonly folder: string }>> = {
  'pod-identity-webhook': {
    rooms: /^src\/(?:oidc|iam|doctor|webhook\/certificates\/self-managed)\//,
    folder: 'pod-identity-webhook',
  },
  'ecr-credential-provider': { rooms: /^src\/ecr\/pull-secrets\//, folder: 'ecr-pull-secrets' },
}

/** What was left apart, by folders. */
const entriesApart = new Map(Object.values(ROOMS_APART).map(({ folder }) => [folder, new Set<string>()]))
for await (const entry of glob('src/bin/*.ts')) {
  const name = basename(entry, '.ts')
  const outfile = `dist/${name}.mjs`
  const startOptions: BuildOptions = PROGRAMS_WITHOUT_COMMONJS.includes(name)
    ? { plugins: [...leaveRoomsOf(name), ...packFor(name), loadOnDemand(/^node:/)], ...AS_ES_MODULES }
    : {
        plugins: [loadOnDemand(/^node:https?$/), ...leaveRoomsOf(name)],
        banner: { js: COMMONJS_NAMES },
      }
  await build({ ...COMMON, ...startOptions, entryPoints: [entry], outfile })
  await chmod(outfile, 0o755)
  const version = execFileSync(process.execPath, [outfile, '--version'], { encoding: 'utf8' }).trim()
  process.stderr.write(`built ${outfile}, version ${version}\n`)
}
for (const [folder, entries] of entriesApart) await buildApart(folder, [...entries])
for (const [name, entry] of Object.entries(LIBRARIES)) {
  const outfile = `dist/lib/${name}.mjs`
  await build({ ...COMMON, entryPoints: [entry], outfile })
  await writeDeclarations(entry, `dist/lib/${name}.d.mts`)
  process.stderr.write(`built ${outfile}\n`)
}

/** Builds what bundles leave apart: a file for each module, and others for what these share. */
async function buildApart(folder: string, entries: readonly string[]): Promise<void> {
  const outdir = `dist/${folder}`
  // Names of shared files change with what is in them.
  await rm(outdir, { recursive: true, force: true })
  if (entries.length === 0) return
  await build({
    ...COMMON,
    // Where files are shared, a CommonJS module has no named exports.
    ...AS_ES_MODULES,
    entryPoints: entries.map((entry) => ({ in: entry, out: nameApart(entry) })),
    outdir,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    chunkNames: 'shared-[hash]',
    plugins: [loadOnDemand(/^node:https?$/)],
    banner: { js: COMMONJS_NAMES },
  })
  process.stderr.write(`built ${outdir}, ${entries.length} modules and what they share\n`)
}

function leaveRoomsOf(program: string): Plugin[] {
  const { rooms, folder = '' } = ROOMS_APART[program] ?? {}
  const entries = entriesApart.get(folder)
  return rooms === undefined || entries === undefined ? [] : [leaveApart(rooms, folder, entries)]
}

function packFor(program: string): Plugin[] {
  const modules = PACKED_MODULES[program]
  const plugins = [loadOnDemand(/^node:/)]
  const options: BuildOptions = { ...COMMON, ...AS_ES_MODULES, legalComments: 'inline', plugins }
  return modules === undefined ? [] : [packModules(modules, options)]
}

/** Writes the types of a library, which must not need those of other files of src. `make typecheck` has checked them. */
async function writeDeclarations(entry: string, outfile: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'declarations-'))
  const what = ['--ignoreConfig', '--noCheck', '--declaration', '--emitDeclarationOnly', '--outDir', folder]
  const language = ['--rootDir', '.', '--target', 'es2024', '--module', 'nodenext', '--types', 'node']
  execFileSync('node_modules/.bin/tsc', [...what, ...language, '--rewriteRelativeImportExtensions', entry])
  await copyFile(join(folder, entry.replace(/\.ts$/, '.d.ts')), outfile)
  await rm(folder, { recursive: true })
}
