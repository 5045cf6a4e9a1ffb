/**
 * A process that drains at a signal, for the test that sends it one: `node draining-process.ts finished|cut|stuck|failed`
 * says how its drain ends. It prints `up`, and its log.
 */
import { createLogger } from '../../src/telemetry/logger.ts'
import { type DrainResult, drainOnSignals } from '../../src/webhook/server/drain.ts'

const ending = process.argv[2]
const logger = await createLogger({ level: 'info', format: 'json' })

function runDrain(): Promise<DrainResult> {
  if (ending === 'failed') return Promise.reject(new Error('on purpose'))
  if (ending === 'stuck') return new Promise(() => undefined)
  return Promise.resolve(ending === 'cut' ? 'cut' : 'finished')
}

drainOnSignals(process, runDrain, logger)
// Ends by itself should the test die.
setTimeout(() => process.exit(99), 30_000)
console.log('up')
