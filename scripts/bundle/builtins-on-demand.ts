import type { Plugin } from 'esbuild'

/**
 * Loads Node's own modules when they are first used, and without the ES module that stands for each: that reads every
 * export, which costs 30 ms with node:http, whose `WebSocket` loads all of undici (Node 26).
 */
export function loadOnDemand(modules: RegExp): Plugin {
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
