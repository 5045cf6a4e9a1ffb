import t from 'tap'
import { runBlocks } from './page-script.ts'

const env = { PATH: process.env['PATH'] ?? '' }
const sh = (code: string) => ({ language: 'sh', code })

t.test('blocks share one shell', async (t) => {
  const run = await runBlocks([sh('NAME=cart\n'), sh('echo "$NAME"\n')], env)
  t.strictSame(run, { code: 0, outputs: ['', 'cart\n'], errors: '' })
})

t.test('a command that fails ends the page there', async (t) => {
  const run = await runBlocks([sh('echo one\n'), sh('false\necho two\n'), sh('echo three\n')], env)
  t.strictSame(run, { code: 1, outputs: ['one\n', ''], errors: '' })
})

t.test('a variable that the page does not set ends it', async (t) => {
  t.match(await runBlocks([sh('echo "$NOWHERE_SET"\n')], env), { code: /[1-9]/, errors: /NOWHERE_SET/ })
})

t.test('commands do not read the rest of the page', async (t) => {
  t.strictSame((await runBlocks([sh('cat\n'), sh('echo two\n')], env)).outputs, ['', 'two\n'])
})
