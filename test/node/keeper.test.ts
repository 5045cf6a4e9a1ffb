import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { poll } from '../cluster/support/daemon.ts'
import type { NodePlace } from './support/machine/node-place.ts'
import { findObstacle } from './support/machine/requirements.ts'
import { listTraces } from './support/machine/teardown.ts'

const GONE_TIMEOUT_MS = 20_000
const skip = findObstacle(process.env) ?? false

t.setTimeout(60_000)

/** A process that makes one of each thing that a node makes, and says where. */
async function startMaker(): Promise<{ readonly maker: ChildProcess; readonly place: NodePlace }> {
  const maker = spawn(process.execPath, [join(import.meta.dirname, 'support/machine/traces-maker.ts')], {
    // One of them crashes as it is told to, with a stack trace.
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const [line] = (await once(createInterface({ input: maker.stdout }), 'line')) as [string]
  return { maker, place: JSON.parse(line) as NodePlace }
}

const ENDS: Readonly<Record<string, (maker: ChildProcess) => void>> = {
  'it ends well': (maker) => maker.stdin?.end('close\n'),
  'it is killed': (maker) => maker.kill('SIGKILL'),
  'somebody presses Ctrl-C': (maker) => maker.kill('SIGINT'),
  'it crashes': (maker) => maker.stdin?.end('throw\n'),
}

for (const [name, end] of Object.entries(ENDS)) {
  t.test(`nothing of a node is left where ${name}`, { skip }, async (t) => {
    const { maker, place } = await startMaker()
    const kinds = listTraces(place).map((trace) => trace.split(' ')[0])
    for (const kind of ['process', 'mount', 'cgroup', 'network', 'folder'])
      t.ok(kinds.includes(kind), `there was a ${kind}`)
    const exited = once(maker, 'exit')
    end(maker)
    await exited
    await poll(async () => (listTraces(place).length === 0 ? true : undefined), GONE_TIMEOUT_MS)
    t.strictSame(listTraces(place), [])
  })
}
