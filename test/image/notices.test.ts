import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeNotices } from '../../scripts/notices.ts'

const folder = t.testdir()
const path = join(folder, 'made', 'NOTICES.txt')
await writeNotices(path)
const text = readFileSync(path, 'utf8')
const parts = text.split(`\n${'-'.repeat(80)}\n\n`).slice(1)

t.test(
  'every production package of package-lock.json is named with its version and licence, and none else',
  async (t) => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { version: string; license?: string; dev?: boolean }>
    }
    const locked = Object.entries(packages)
      .filter(([name, { dev }]) => name !== '' && dev !== true)
      .map(
        ([name, { version, license }]) => `${name.replace(/^.*node_modules\//, '')} ${version} (${license})`,
      )
    const named = parts.flatMap((part) => (part.split('\n\n')[0] ?? '').split('\n'))
    t.strictSame(new Set(named.filter((name) => !name.startsWith('Node.js '))), new Set(locked))
    t.equal(new Set(named).size, named.length)
  },
)

t.test('each has a text that is a licence', async (t) => {
  for (const part of parts) {
    const [owners = '', ...licence] = part.split('\n\n')
    t.match(licence.join('\n\n'), /copyright|permission|public domain/i, owners.split('\n')[0] ?? '')
  }
})

t.test("Node's own licence is there, with those of what it contains", async (t) => {
  t.match(parts[0], /^Node\.js \d+\.\d+\.\d+\n\nNode\.js is licensed/)
  t.match(parts[0], 'OpenSSL')
})

t.test('packages that bring no text have the one that they name', async (t) => {
  const part = parts.find((one) => one.includes('abstract-logging'))
  t.match(part, /Copyright \(c\) .+\n\nPermission is hereby granted/)
  t.match(
    parts.find((one) => one.includes('@aws-sdk/nested-clients')),
    'Apache License',
  )
})

t.test('the same packages give the same bytes', async (t) => {
  await writeNotices(join(folder, 'again.txt'))
  t.equal(readFileSync(join(folder, 'again.txt'), 'utf8'), text)
})
