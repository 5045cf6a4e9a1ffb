import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Lists what programs and libraries load at their start, by the paths under which the dynamic loader looks, the loader itself
 * among them. Throws where ldd cannot tell, or does not find one.
 */
export function listSharedLibraries(files: readonly string[]): readonly string[] {
  const output = execFileSync('ldd', [...files], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const [missing] = /^.* => not found.*$/m.exec(output) ?? []
  if (missing !== undefined) throw new Error(`ldd: ${missing.trim()}`)
  const paths = [...output.matchAll(/(?:^\s+|=> )(\/\S+) \(0x/gm)].map(([, path = '']) => path)
  return [...new Set(paths)].sort()
}

/** Copies files into a root, each to its own path there; links become what they lead to. */
export function copyIntoRoot(root: string, paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    copyFileSync(path, join(root, path))
  }
}
