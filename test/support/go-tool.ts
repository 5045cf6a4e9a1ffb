import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** A program that a Go module of its own pins by a `tool` directive. */
export interface GoTool {
  readonly name: string
  /** Where its go.mod and go.sum are. */
  readonly moduleFolder: string
  readonly goPackage: string
  /** How long a build takes on two cores, for whoever waits. */
  readonly buildTime: string
}

/** Whether Go is installed, which builds tools. */
export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0
}

/**
 * Gives the path of a tool, built once into the cache folder outside the checkout. What its module pins is part of its
 * name there. Throws where it cannot be built.
 */
export async function buildGoTool(tool: GoTool, reportProgress: (line: string) => void): Promise<string> {
  const { name, moduleFolder, goPackage, buildTime } = tool
  const digest = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) digest.update(await readFile(join(moduleFolder, file)))
  const cacheFolder = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const folder = join(cacheFolder, 'pod-identity-webhook', name)
  const path = join(folder, `${name}-${digest.digest('hex').slice(0, 12)}`)
  const isBuilt = await access(path).then(
    () => true,
    () => false,
  )
  if (isBuilt) return path
  await mkdir(folder, { recursive: true })
  const buildFolder = await mkdtemp(join(folder, 'building-'))
  try {
    reportProgress(`building ${name}, once: about ${buildTime} on two cores`)
    const built = join(buildFolder, name)
    const go = spawn('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', built, goPackage], {
      cwd: moduleFolder,
      env: { ...process.env, CGO_ENABLED: '0' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [code] = await once(go, 'exit')
    if (code !== 0)
      throw new Error(`go build ${goPackage} failed with exit code ${code}; its errors are above`)
    await rename(built, path)
    return path
  } finally {
    await rm(buildFolder, { recursive: true, force: true })
  }
}
