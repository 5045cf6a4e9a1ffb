import t from 'tap'
import { createProgress, showProgress } from '../../../src/cli/engine/progress.ts'
import { captureIo } from '../capture-io.ts'

const ERASE = '\r\u001b[K'

t.test('a terminal gets a spinner on one line, which leaves nothing behind', async (t) => {
  const { io, output } = captureIo({ isTTY: true, columns: 20 })
  const progress = createProgress(io)
  progress.begin('reading')
  progress.begin('a text that is longer than the line')
  progress.end()
  progress.end()
  t.equal(output.stderr, `${ERASE}⠋ reading${ERASE}${ERASE}⠋ a text that is lo${ERASE}`)
})

t.test('elsewhere nothing is told', async (t) => {
  for (const settings of [{}, { isTTY: true, env: { NO_COLOR: '1' } }]) {
    const { io, output } = captureIo(settings)
    t.equal(await showProgress(io, 'reading', async () => 'done'), 'done')
    t.equal(output.stderr, '')
  }
})

t.test('a failure ends it too', async (t) => {
  const { io, output } = captureIo({ isTTY: true })
  await t.rejects(
    showProgress(io, 'reading', () => Promise.reject(new Error('cut'))),
    { message: 'cut' },
  )
  t.equal(output.stderr, `${ERASE}⠋ reading${ERASE}`)
})
