// Run by keeper.ts: waits until who started it is gone or closes the pipe, then removes all of the node.
import { once } from 'node:events'
import type { NodePlace } from './node-place.ts'
import { readSettings, restoreSettings } from './system-settings.ts'
import { tearDown } from './teardown.ts'

const place = JSON.parse(process.argv[2] ?? '') as NodePlace
const settings = readSettings()
// Nobody may be there any more to hear of it.
process.stderr.on('error', () => {})
await once(process.stdin.resume(), 'close')
const left = await tearDown(place)
restoreSettings(settings)
for (const line of left) process.stderr.write(`${line}\n`)
process.exit(left.length === 0 ? 0 : 1)
