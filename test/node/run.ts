/** Runs the suite on one real node: `node test/node/run.ts [part of a test file's name …]`. */
import { buildBundle, listTestFiles, runTap, skipSuite } from '../support/suite-run.ts'
import { findObstacle } from './support/machine/requirements.ts'
import { NODE_CONNECTION_VARIABLE } from './support/node-connection.ts'
import { withNodeWorld } from './support/shared-world.ts'

process.exitCode = await runSuite(process.argv.slice(2))

async function runSuite(wanted: readonly string[]): Promise<number> {
  const obstacle = findObstacle(process.env)
  if (obstacle !== undefined) return skipSuite(obstacle, 'a node')
  const files = await listTestFiles(import.meta.dirname, wanted)
  await buildBundle()
  return withNodeWorld((path) => runTap(files, { [NODE_CONNECTION_VARIABLE]: path }))
}
