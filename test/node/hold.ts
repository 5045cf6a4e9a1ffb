/**
 * Starts the suite's node and leaves it running until Ctrl-C: `node test/node/hold.ts`. Test files that are run with the variable that
 * it prints use it, and start at once.
 */
import { buildBundle } from '../support/suite-run.ts'
import { NODE_CONNECTION_VARIABLE } from './support/node-connection.ts'
import { withNodeWorld } from './support/shared-world.ts'

await buildBundle()
process.exitCode = await withNodeWorld(async (path) => {
  console.log(`export ${NODE_CONNECTION_VARIABLE}=${path}`)
  return new Promise<number>(() => {})
})
