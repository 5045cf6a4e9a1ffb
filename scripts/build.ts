import { execFileSync } from 'node:child_process'
import { chmod, copyFile, glob, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { type BuildOptions, build, type Plugin } from 'esbuild'

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

/** What few runs of a program need, and is packed: the AWS SDK, where a profile is read, and what reads YAML. */
const PACKED_MODULES: Readonly<Record<string, RegExp>> = {
  'ecr-credential-provider': /(?:\/aws-sdk\.ts|^yaml)$/,
}

/** What package.json exports to other programs, by file name. */
const LIBRARIES = { 'roles-anywhere': 'src/roles-anywhere/from-roles-anywhere.ts' }

/**
 * Loads Node's own modules when they are first used, and without the ES module that stands for each: that reads every
 * export, which costs 30 ms with node:http, whose `WebSocket` loads all of undici (Node 26).
 */
function loadOnDemand(modules: RegExp): Plugin {
  return {
    name: 'builtins-on-demand',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: modules }, ({ path, kind }) =>
        kind === 'require-call' ? undefined : { path, namespace: 'builtin' },
      )
      onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({ contents: writeBuiltinModule(path) }))
    },
  }
}

/**
 * Packs these modules, with all that they import, into a text of the bundle that is compiled when one is first used. V8
 * reads each function of a file before the first one runs: 15 ms for the AWS SDK, which most runs do not need (ADR 10).
 */
function packModules(modules: RegExp, options: BuildOptions): Plugin {
  return {
    name: 'packed-modules',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: modules }, ({ path, resolveDir }) => ({
        path: path.startsWith('.') ? join(resolveDir, path) : path,
        namespace: 'packed',
      }))
      onLoad({ filter: /./, namespace: 'packed' }, async ({ path }) => {
        const part: BuildOptions = { ...options, entryPoints: [path], format: 'cjs', write: false }
        const { outputFiles: [file] = [] } = await build(part)
        return { contents: writePackedModule(basename(path), file?.text ?? '') }
      })
    },
  }
}

/** A CommonJS module that unpacks itself. Its stack traces have names and lines as those of any other. */
function writePackedModule(name: string, code: string): string {
  const packed = brotliCompressSync(`(function (module) {${code}})`).toString('base64')
  return [
    `const { Script } = process.getBuiltinModule('node:vm')`,
    `const { brotliDecompressSync } = process.getBuiltinModule('node:zlib')`,
    `const code = brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString()`,
    `new Script(code, { filename: ${JSON.stringify(name)} }).runInThisContext()(module)`,
  ].join('\n')
}

/** Exports behind getters that the AWS SDK imports; others warn that they are deprecated when they are read. */
const LAZY_EXPORTS = ['promises', 'getRandomValues', 'ReadStream']

/** As ES exports: of CommonJS, the bundle would copy every property with its getter, for each file that imports it. */
function writeBuiltinModule(name: string): string {
  const exports = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name)))
  const names = exports.filter(
    ([key, { value }]) =>
      /^(?!default$)[a-z]\w*$/i.test(key) && (value !== undefined || LAZY_EXPORTS.includes(key)),
  )
  return [
    `const builtin = process.getBuiltinModule(${JSON.stringify(name)})`,
    'export default builtin',
    'const readExport = (name) => builtin[name]',
    ...names.map(([key]) => `export const ${key} = /* @__PURE__ */ readExport('${key}')`),
  ].join('\n')
}

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
 * Rooms whose modules are not part of the webhook's bundle, which a server keeps in memory as long as it runs: they bring the
 * AWS SDK, and what makes certificates: 600 KB, 3 MB of RSS where certificates come from files.
 */
const ROOMS_APART = /^src\/(?:oidc|iam|webhook\/certificates\/self-managed)\//

/** Leaves modules of {@link ROOMS_APART} that are imported on demand to files in a folder of the bundle's name, and notes them. */
function leaveApart(folder: string, entries: Set<string>): Plugin {
  return {
    name: 'rooms-apart',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
        const entry = relative('.', join(resolveDir, path))
        if (kind !== 'dynamic-import' || !ROOMS_APART.test(entry)) return undefined
        entries.add(entry)
        return { path: `./${folder}/${nameApart(entry)}.mjs`, external: true }
      })
    },
  }
}

function nameApart(entry: string): string {
  return entry
    .replace(/^src\//, '')
    .replace(/\.ts$/, '')
    .replaceAll('/', '-')
}

const entriesApart = new Set<string>()
for await (const entry of glob('src/bin/*.ts')) {
  const name = basename(entry, '.ts')
  const outfile = `dist/${name}.mjs`
  const startOptions: BuildOptions = PROGRAMS_WITHOUT_COMMONJS.includes(name)
    ? { plugins: [...packFor(name), loadOnDemand(/^node:/)], ...AS_ES_MODULES }
    : {
        plugins: [loadOnDemand(/^node:https?$/), leaveApart(name, entriesApart)],
        banner: { js: COMMONJS_NAMES },
      }
  await build({ ...COMMON, ...startOptions, entryPoints: [entry], outfile })
  await chmod(outfile, 0o755)
  const version = execFileSync(process.execPath, [outfile, '--version'], { encoding: 'utf8' }).trim()
  process.stderr.write(`built ${outfile}, version ${version}\n`)
}
await buildApart('pod-identity-webhook', [...entriesApart])
for (const [name, entry] of Object.entries(LIBRARIES)) {
  const outfile = `dist/lib/${name}.mjs`
  await build({ ...COMMON, entryPoints: [entry], outfile })
  await writeDeclarations(entry, `dist/lib/${name}.d.mts`)
  process.stderr.write(`built ${outfile}\n`)
}

/** Builds what bundles leave apart: a file for each module, and others for what these share. */
async function buildApart(name: string, entries: readonly string[]): Promise<void> {
  const outdir = `dist/${name}`
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
