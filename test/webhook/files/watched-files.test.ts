import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { FileContents } from '../../../src/webhook/files/file-contents.ts'
import { WatchedFiles } from '../../../src/webhook/files/watched-files.ts'

const NEVER_MS = 2 ** 30

/** Collects what is handed on, and lets a test wait for a reading. */
class Readings {
  readonly all: (readonly FileContents[])[] = []
  #waiting: { matches: (text: string) => boolean; resolve: () => void } | undefined

  readonly add = (files: readonly FileContents[]): void => {
    this.all.push(files)
    if (this.#waiting?.matches(this.last) === true) this.#waiting.resolve()
  }

  get last(): string {
    return (this.all.at(-1) ?? [])
      .map((file) => (file.state === 'read' ? file.bytes.toString() : file.state))
      .join('|')
  }

  async until(text: string): Promise<void> {
    if (this.last === text) return
    await new Promise<void>((resolve) => {
      this.#waiting = { matches: (last) => last === text, resolve }
    })
  }
}

function watchPaths(
  t: Test,
  paths: readonly string[],
  options: { suffixes?: readonly string[]; pollIntervalMs?: number } = {},
) {
  const readings = new Readings()
  const files = new WatchedFiles({ paths, pollIntervalMs: NEVER_MS, ...options, onChange: readings.add })
  t.teardown(() => files.close())
  // The watchers and timers keep no process alive, which a test that waits for them needs.
  const alive = setInterval(() => {}, NEVER_MS)
  t.teardown(() => clearInterval(alive))
  return { files, readings }
}

t.test('the first reading is handed on, and one that differs, and no other', async (t) => {
  const folder = t.testdir({ 'a.json': 'one' })
  const { files, readings } = watchPaths(t, [join(folder, 'a.json')])
  await files.start()
  t.equal(readings.last, 'one')
  await files.check()
  await writeFile(join(folder, 'a.json'), 'one')
  await files.check()
  t.equal(readings.all.length, 1, 'the same bytes are no change')
  await writeFile(join(folder, 'a.json'), 'two')
  await files.check()
  t.equal(readings.last, 'two')
})

t.test('a change of the same length in the same instant is seen', async (t) => {
  const folder = t.testdir({ a: '0' })
  const { files, readings } = watchPaths(t, [join(folder, 'a')])
  await files.start()
  for (const text of ['1', '2', '3']) {
    await writeFile(join(folder, 'a'), text)
    await files.check()
    t.equal(readings.last, text)
  }
})

t.test('a file may come, go and come again', async (t) => {
  const folder = t.testdir({})
  const path = join(folder, 'a')
  const { files, readings } = watchPaths(t, [path])
  await files.start()
  t.equal(readings.last, 'absent')
  await writeFile(path, 'x')
  await files.check()
  t.equal(readings.last, 'x')
  await rm(path)
  await files.check()
  t.equal(readings.last, 'absent')
  await mkdir(path)
  await files.check()
  t.match(readings.all.at(-1), [{ state: 'unreadable', cause: 'it is a folder' }])
})

t.test('the symlink swap of a mounted ConfigMap is noticed without a poll', async (t) => {
  const folder = t.testdir({ '..1': { a: 'one' }, '..2': { a: 'two' } })
  await symlink('..1', join(folder, '..data'))
  await symlink(join('..data', 'a'), join(folder, 'a'))
  const { files, readings } = watchPaths(t, [join(folder, 'a')])
  await files.start()
  t.equal(readings.last, 'one')
  await symlink('..2', join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  await readings.until('two')
})

t.test('what the system gives no notice of is found by the poll', async (t) => {
  const folder = t.testdir({ elsewhere: { a: 'one' }, here: {} })
  await symlink(join(folder, 'elsewhere', 'a'), join(folder, 'here', 'a'))
  const { files, readings } = watchPaths(t, [join(folder, 'here', 'a')], { pollIntervalMs: 5 })
  await files.start()
  await writeFile(join(folder, 'elsewhere', 'a'), 'two')
  await readings.until('two')
})

t.test('a folder that is removed and made again is watched again', async (t) => {
  const folder = t.testdir({ m: { 'a.yaml': 'one' } })
  const { files, readings } = watchPaths(t, [join(folder, 'm')], { suffixes: ['.yaml'] })
  await files.start()
  await rm(join(folder, 'm'), { recursive: true })
  await readings.until('absent')
  await mkdir(join(folder, 'new'))
  await writeFile(join(folder, 'new', 'a.yaml'), 'two')
  await rename(join(folder, 'new'), join(folder, 'm'))
  await readings.until('two')
  await writeFile(join(folder, 'm', 'a.yaml'), 'three')
  await readings.until('three')
})

t.test(
  'of a folder the files with a suffix count, in byte order, those of folders in it do not',
  async (t) => {
    const folder = t.testdir({
      'b.yml': 'b',
      'a.yaml': 'a',
      'B.yaml': 'B',
      'c.txt': 'c',
      'd.yaml': { 'e.yaml': 'e' },
    })
    const { files, readings } = watchPaths(t, [folder], { suffixes: ['.yaml', '.yml'] })
    await files.start()
    t.equal(readings.last, 'B|a|b')
    await rm(join(folder, 'a.yaml'))
    await files.check()
    t.equal(readings.last, 'B|b')
  },
)

t.test('after close nothing is handed on', async (t) => {
  const folder = t.testdir({ a: 'one' })
  const { files, readings } = watchPaths(t, [join(folder, 'a')])
  await files.start()
  await writeFile(join(folder, 'a'), 'two')
  const check = files.check()
  await files.close()
  await check
  await files.check()
  t.equal(readings.last, 'one')
})

t.test('watchers and timers let the process end', async (t) => {
  const folder = t.testdir({ a: 'one' })
  const files = new WatchedFiles({ paths: [join(folder, 'a')], onChange: () => {} })
  await files.start()
  const kinds = process.getActiveResourcesInfo()
  t.notOk(kinds.includes('Timeout'))
  t.notOk(kinds.includes('FSEventWrap'))
  await files.close()
})
