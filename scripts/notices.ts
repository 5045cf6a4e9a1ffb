/** Writes the licences of all that our programs are made of: `node scripts/notices.ts [FILE]`, after `make install`. */
import { glob, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type LockedPackage, readProductionPackages } from './locked-packages.ts'

/** A text, and whose it is. */
interface Notice {
  /** `pino 10.4.0 (MIT)`. */
  readonly owner: string
  readonly text: string
}

const LICENSE_FILE = /^(?:un)?licen[cs]e|^copying|^notice/i

/**
 * Writes the notices of the production packages of package-lock.json and of Node.js, whose program is in the image. Packages
 * that have the same text share it. The same packages give the same file.
 */
export async function writeNotices(path: string): Promise<void> {
  const packages = await readProductionPackages()
  const ofPackages = await Promise.all(packages.map(readNotice))
  const notices = [await readNodeNotice(), ...ofPackages.sort((a, b) => (a.owner < b.owner ? -1 : 1))]
  const owners = Map.groupBy(notices, ({ text }) => text)
  const parts = [...owners].map(([text, of]) => {
    const names = [...new Set(of.map(({ owner }) => owner))]
    return `${names.join('\n')}\n\n${text.trim()}\n`
  })
  const beginning =
    'The programs and images of pod-identity-webhook contain the software listed here, under these licences.\n'
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, [beginning, ...parts].join(`\n${'-'.repeat(80)}\n\n`))
}

async function readNotice({
  path,
  name,
  version,
  license = 'no licence named',
}: LockedPackage): Promise<Notice> {
  const files = (await readdir(path)).filter((file) => LICENSE_FILE.test(file)).sort()
  const texts = await Promise.all(files.map((file) => readFile(join(path, file), 'utf8')))
  const own = texts.map((text) => text.replaceAll('\r\n', '\n').trim()).join('\n\n')
  return { owner: `${name} ${version} (${license})`, text: own || (await writeNamed(path, name, license)) }
}

/** Of packages that name a licence and bring no text of it. */
async function writeNamed(path: string, name: string, license: string): Promise<string> {
  if (license === 'Apache-2.0') return (await readFile('LICENSE', 'utf8')).trim()
  if (license !== 'MIT') throw new Error(`${path} has no text of its licence, ${license}: add one here`)
  const { author } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'))
  const holder = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`)
  return `Copyright (c) ${holder.replace(/ *<.*$/, '')}\n\n${MIT}`
}

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

/** The licence of the Node.js that the project brings. */
async function readNodeNotice(): Promise<Notice> {
  for await (const path of glob('node_modules/node/node_modules/node-*/LICENSE')) {
    const { version } = JSON.parse(await readFile(join(dirname(path), 'package.json'), 'utf8'))
    return { owner: `Node.js ${version}`, text: await readFile(path, 'utf8') }
  }
  throw new Error("there is no licence of the project's Node: run make install")
}

if (import.meta.main) await writeNotices(process.argv[2] ?? 'dist/THIRD-PARTY-NOTICES.txt')
