import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'

/** Runs the suite on a machine that has no program at all. */
function runWithout(env: Readonly<Record<string, string>>) {
  const { status, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, 'run.ts')], {
    encoding: 'utf8',
    env: { PATH: '/nonexistent', ...env },
  })
  return { status, stdout }
}

const REASON =
  process.getuid?.() === 0 ? 'there is no containerd, .*: make node-suite-packages' : 'a node takes root'

t.test('a machine that cannot run a node skips the suite, and says why', async (t) => {
  const { status, stdout } = runWithout({})
  t.equal(status, 0)
  t.match(stdout, new RegExp(`^skipped: ${REASON}`))
  t.match(stdout, /1 skipped: the whole suite, for want of a node\n$/)
})

t.test('in CI that is a failure', async (t) => {
  const { status, stdout } = runWithout({ CI: 'true' })
  t.equal(status, 1)
  t.match(stdout, new RegExp(`^failed: ${REASON}`))
  t.match(stdout, /0 passed, 1 failed\n$/)
})
