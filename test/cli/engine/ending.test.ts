import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'

const ENDING = new URL('../../../src/cli/engine/ending.ts', import.meta.url)
const LENGTH = 300_000

/** A program that writes more than a pipe takes and ends, with a timer that would keep it alive. */
function start(end: string) {
  const program = `import { exitWhenWritten } from '${ENDING}'
setTimeout(() => {}, 60_000)
process.stdout.write('x'.repeat(${LENGTH}))
${end}`
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

t.test('all that was written comes through a pipe that is read late', async (t) => {
  const child = start('await exitWhenWritten(3)')
  const exited = once(child, 'exit')
  // Not read until it is full: a pipe takes 64 KiB.
  await once(child.stdout, 'readable')
  const [output, [code]] = await Promise.all([text(child.stdout), exited])
  t.equal(output.length, LENGTH)
  t.equal(code, 3)
})

t.test('a reader that has gone is not waited for', async (t) => {
  const child = start('await exitWhenWritten(3)')
  child.stdout.destroy()
  const [code, signal] = await once(child, 'exit')
  t.strictSame([code, signal], [3, null])
})
