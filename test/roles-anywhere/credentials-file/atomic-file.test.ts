import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { replaceFile } from '../../../src/roles-anywhere/credentials-file/atomic-file.ts'

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8)

t.test('a new file is for its owner alone, and so is its folder', async (t) => {
  const path = join(t.testdir(), '.aws', 'credentials')
  await replaceFile(path, (content) => `${content}new`)
  t.equal(readFileSync(path, 'utf8'), 'new')
  t.equal(modeOf(path), '600')
  t.equal(modeOf(join(path, '..')), '700')
})

t.test('mode and bytes of a file are kept', async (t) => {
  const bytes = Buffer.from([0x61, 0xff, 0x00, 0xc3, 0xa9])
  const path = join(t.testdir({ file: bytes }), 'file')
  chmodSync(path, 0o640)
  await replaceFile(path, (content) => `${content}!`)
  t.strictSame(readFileSync(path), Buffer.concat([bytes, Buffer.from('!')]))
  t.equal(modeOf(path), '640')
})

t.test('symbolic links are followed and stay, also to what is not there yet', async (t) => {
  const folder = t.testdir({ real: { file: 'old' } })
  symlinkSync('real/file', join(folder, 'link'))
  symlinkSync('link', join(folder, 'link-to-link'))
  symlinkSync('real/absent', join(folder, 'dangling'))
  await replaceFile(join(folder, 'link-to-link'), () => 'new')
  await replaceFile(join(folder, 'dangling'), () => 'made')
  t.equal(readFileSync(join(folder, 'real/file'), 'utf8'), 'new')
  t.equal(readFileSync(join(folder, 'real/absent'), 'utf8'), 'made')
  for (const name of ['link', 'link-to-link', 'dangling'])
    t.ok(lstatSync(join(folder, name)).isSymbolicLink())
  t.strictSame(readdirSync(join(folder, 'real')).toSorted(), ['absent', 'file'])
})

t.test('many at once: none is lost', async (t) => {
  const path = join(t.testdir({ file: '' }), 'file')
  await Promise.all(
    Array.from({ length: 10 }, (_, number) => replaceFile(path, (content) => `${content}${number}`)),
  )
  t.equal([...readFileSync(path, 'utf8')].toSorted().join(''), '0123456789')
})

t.test('what a killed process left behind is cleared away', async (t) => {
  const folder = t.testdir({ file: 'old', 'file.new': 'half' })
  const aMinuteAgo = new Date(Date.now() - 60_000)
  utimesSync(join(folder, 'file.new'), aMinuteAgo, aMinuteAgo)
  await replaceFile(join(folder, 'file'), () => 'new')
  t.equal(readFileSync(join(folder, 'file'), 'utf8'), 'new')
  t.notOk(existsSync(join(folder, 'file.new')))
})

t.test('what cannot be written is named, and nothing is left behind', async (t) => {
  const folder = t.testdir({ file: 'old', folder: {} })
  symlinkSync('loop', join(folder, 'loop'))
  writeFileSync(join(folder, 'no-folder'), '')
  const cases = [
    ['folder', /cannot write .*folder \(E\w+\); check that this user may write it and its folder$/],
    ['loop', /\(ELOOP\)/],
    ['no-folder/file', /\((?:ENOTDIR|EEXIST)\)/],
  ] as const
  for (const [name, message] of cases)
    await t.rejects(
      replaceFile(join(folder, name), () => 'new'),
      { name: 'RolesAnywhereError', message },
      name,
    )
  const thrown = new Error('in edit')
  await t.rejects(
    replaceFile(join(folder, 'file'), () => {
      throw thrown
    }),
  )
  t.equal(readFileSync(join(folder, 'file'), 'utf8'), 'old')
  t.strictSame(readdirSync(folder).toSorted(), ['file', 'folder', 'loop', 'no-folder'])
})
