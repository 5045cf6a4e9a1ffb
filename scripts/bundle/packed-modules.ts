import { basename, join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { type BuildOptions, build, type Plugin } from 'esbuild'

/**
 * Packs these modules, with all that they import, into a text of the bundle that is compiled when one is first used. V8
 * reads each function of a file before the first one runs: 15 ms for the AWS SDK, which most runs do not need (ADR 10).
 */
export function packModules(modules: RegExp, options: BuildOptions): Plugin {
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
