/** Runs the suite on one real node: `node test/node/run.ts [part of a test file's name …]`. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ControlPlaneUnavailableError } from '../cluster/support/control-plane-binaries.ts'
import { buildBundle, listTestFiles, runTap, skipSuite } from '../support/suite-run.ts'
import { NODE_CONNECTION_VARIABLE } from './support/node-connection.ts'
import { NodeUnavailableError, openNodeWorld } from './support/node-world.ts'

process.exitCode = await runSuite(process.argv.slice(2))

async function runSuite(wanted: readonly string[]): Promise<number> {
  const files = await listTestFiles(import.meta.dirname, wanted)
  const ends: (() => unknown)[] = []
  const reportProgress = (line: string) => console.error(`node: ${line}`)
  let exitCode = 1
  try {
    await buildBundle()
    const startedAtMs = performance.now()
    const connection = await openNodeWorld({
      comment: (line) => reportProgress(String(line)),
      teardown: (end) => void ends.push(end),
    })
    reportProgress(`ready in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`)
    const path = join(connection.place.folder, 'connection.json')
    await writeFile(path, JSON.stringify(connection), { mode: 0o600 })
    exitCode = await runTap(files, { [NODE_CONNECTION_VARIABLE]: path })
  } catch (error) {
    if (error instanceof NodeUnavailableError || error instanceof ControlPlaneUnavailableError)
      return skipSuite(error.message, 'a node')
    console.error(error instanceof Error ? error.message : error)
  }
  for (const end of ends.toReversed()) {
    try {
      await end()
    } catch (error) {
      exitCode = 1
      console.error(error instanceof Error ? error.message : error)
    }
  }
  return exitCode
}
