import { rm, writeFile } from 'node:fs/promises'
import t from 'tap'
import { TokenFile } from '../../src/kubernetes/credentials.ts'
import { FakeTiming } from '../support/fake-timing.ts'

t.test('a token file is read again after a minute, and at once when its token was refused', async (t) => {
  const path = `${t.testdir({ token: 'one\n' })}/token`
  const timing = new FakeTiming()
  const file = new TokenFile(path, timing)
  t.equal(await file.readAuthorization(), 'Bearer one')
  await writeFile(path, 'two')
  timing.advance(59_999)
  t.equal(await file.readAuthorization(), 'Bearer one')
  timing.advance(1)
  t.equal(await file.readAuthorization(), 'Bearer two')
  await writeFile(path, 'three')
  file.invalidate()
  t.equal(await file.readAuthorization(), 'Bearer three')
})

t.test('the last token stays while the file is away or empty', async (t) => {
  const path = `${t.testdir({ token: 'one' })}/token`
  const timing = new FakeTiming()
  const file = new TokenFile(path, timing)
  await file.readAuthorization()
  await writeFile(path, '')
  file.invalidate()
  t.equal(await file.readAuthorization(), 'Bearer one')
  await rm(path)
  t.equal(await file.readAuthorization(), 'Bearer one')
  await writeFile(path, 'two')
  t.equal(await file.readAuthorization(), 'Bearer two')
})

t.test('a file that was never readable is named in one line', async (t) => {
  const file = new TokenFile(`${t.testdir({})}/token`, new FakeTiming())
  await t.rejects(file.readAuthorization(), {
    name: 'ApiConfigurationError',
    message: /cannot read the token file .*ENOENT/,
  })
})
