import { join, relative } from 'node:path'
import type { Plugin } from 'esbuild'

/** Leaves modules of these rooms that are imported on demand to files in a folder beside the bundle, and notes them in `entries`. */
export function leaveApart(rooms: RegExp, folder: string, entries: Set<string>): Plugin {
  return {
    name: 'modules-apart',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
        const entry = relative('.', join(resolveDir, path))
        if (kind !== 'dynamic-import' || !rooms.test(entry)) return undefined
        entries.add(entry)
        return { path: `./${folder}/${nameApart(entry)}.mjs`, external: true }
      })
    },
  }
}

/** The name of such a file, without its extension. */
export function nameApart(entry: string): string {
  return entry
    .replace(/^src\//, '')
    .replace(/\.ts$/, '')
    .replaceAll('/', '-')
}
