import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ControlPlaneUnavailableError } from '../../cluster/support/control-plane-binaries.ts'
import { skipSuite } from '../../support/suite-run.ts'
import { NodeUnavailableError, openNodeWorld } from './node-world.ts'

/**
 * Starts a node, does something with it, and takes it down. `act` gets the file for NODE_CONNECTION_VARIABLE, and gives the exit
 * code; where anything is left of the node in the end that is 1, where no node can be here that of a suite that is skipped.
 */
export async function withNodeWorld(act: (connectionPath: string) => Promise<number>): Promise<number> {
  const ends: (() => unknown)[] = []
  const reportProgress = (line: string) => console.error(`node: ${line}`)
  const startedAtMs = performance.now()
  let exitCode = 1
  try {
    const connection = await openNodeWorld({
      comment: (line) => reportProgress(String(line)),
      teardown: (end) => void ends.push(end),
    })
    reportProgress(`ready in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`)
    const path = join(connection.place.folder, 'connection.json')
    await writeFile(path, JSON.stringify(connection), { mode: 0o600 })
    exitCode = await act(path)
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
