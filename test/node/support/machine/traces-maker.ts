// Run by keeper.test.ts: makes what a node makes, on a small scale: processes in a session of their own and in a cgroup, a mount, a
// bridge. Then it waits to be told how to end.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listCgroupRoots } from './cgroups.ts'
import { startKeeper } from './keeper.ts'
import { makeBridge } from './network.ts'
import { describeDaemon } from './node-daemon.ts'
import { choosePlace } from './node-place.ts'

const place = choosePlace()
const keeper = await startKeeper(place)
makeBridge(place)
const mount = join(place.folder, 'deep/mount')
mkdirSync(mount, { recursive: true })
execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', mount])
await describeDaemon(place, 'sleeper').start('sleep', ['600'])
// As in a container: it does not carry the mark.
const contained = spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: {} })
await once(contained, 'spawn')
contained.unref()
for (const root of listCgroupRoots()) {
  const cgroup = join(root, place.cgroup, 'kubepods/pod')
  mkdirSync(cgroup, { recursive: true })
  // A cpuset takes nobody before it is told of processors.
  if (!root.endsWith('cpuset')) writeFileSync(join(cgroup, 'cgroup.procs'), String(contained.pid))
}
process.stdout.write(`${JSON.stringify(place)}\n`)
const [order] = await once(process.stdin, 'data')
if (String(order) === 'throw\n') throw new Error('as told')
await keeper.close()
process.exit()
