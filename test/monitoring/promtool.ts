import { fileURLToPath } from 'node:url'
import { buildGoTool } from '../support/go-tool.ts'

export { hasGo } from '../support/go-build.ts'

/** Gives the path of promtool, built once. Throws where it cannot be built. */
export function buildPromtool(reportProgress: (line: string) => void): Promise<string> {
  const tool = {
    name: 'promtool',
    moduleFolder: fileURLToPath(new URL('promtool/', import.meta.url)),
    goPackage: 'github.com/prometheus/prometheus/cmd/promtool',
    buildTime: '5 minutes',
  }
  return buildGoTool(tool, reportProgress)
}
