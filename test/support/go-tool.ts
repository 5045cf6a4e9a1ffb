import { join } from 'node:path'
import { buildMissing, digestModule, findCacheFolder } from './go-build.ts'

/** A program that a Go module of its own pins by a `tool` directive. */
export interface GoTool {
  readonly name: string
  /** Where its go.mod and go.sum are. */
  readonly moduleFolder: string
  readonly goPackage: string
  /** How long a build takes on two cores, for whoever waits. */
  readonly buildTime: string
}

/**
 * Gives the path of a tool, built once into the cache folder outside the checkout. What its module pins is part of its
 * name there. Throws where it cannot be built.
 */
export async function buildGoTool(tool: GoTool, reportProgress: (line: string) => void): Promise<string> {
  const { name, moduleFolder, goPackage, buildTime } = tool
  const module = { folder: moduleFolder, modFile: 'go.mod' }
  const fileName = `${name}-${await digestModule(module)}`
  const outputFolder = findCacheFolder(name, process.env)
  const what = `${name}, once: about ${buildTime} on two cores`
  const build = { module, packages: { [fileName]: goPackage }, outputFolder, env: process.env }
  await buildMissing(build, { what, reportProgress })
  return join(outputFolder, fileName)
}
