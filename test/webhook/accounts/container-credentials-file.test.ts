import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { ContainerCredentialsFile } from '../../../src/webhook/accounts/container-credentials-file.ts'

const GOOD = '{"identities":[{"namespace":"shop","serviceAccount":"cart"}]}'

async function openFile(t: Test, content: string | undefined) {
  const folder = t.testdir(content === undefined ? {} : { identities: content })
  const path = join(folder, 'identities')
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const logger = await createLogger({ level: 'info', format: 'json', destination })
  const metrics = createMetrics({ collectNodeMetrics: false })
  const file = new ContainerCredentialsFile({ path, logger, metrics, pollIntervalMs: 2 ** 30 })
  t.teardown(() => file.close())
  await file.start()
  const metricLines = async () =>
    (await metrics.registry.metrics()).split('\n').filter((line) => line.includes('{source='))
  return { file, path, lines, metricLines }
}

t.test('what a file holds', async (t) => {
  const table: readonly (readonly [name: string, content: string | undefined, listed: readonly string[]])[] =
    [
      ['absent', undefined, []],
      ['empty', '', []],
      ['blank', ' \n', []],
      ['null', 'null', []],
      ['no identities', '{}', []],
      ['null identities', '{"identities":null}', []],
      ['one', GOOD, ['shop/cart']],
      [
        'two',
        GOOD.replace(']', ',{"namespace":"shop","serviceAccount":"search"}]'),
        ['shop/cart', 'shop/search'],
      ],
      ['unknown members', GOOD.replace('"namespace"', '"x":1,"namespace"'), ['shop/cart']],
      [
        'names of prototypes',
        '{"identities":[{"namespace":"__proto__","serviceAccount":"constructor"}]}',
        ['__proto__/constructor'],
      ],
    ]
  for (const [name, content, listed] of table) {
    const { file } = await openFile(t, content)
    t.equal(file.size, listed.length, name)
    for (const key of listed) {
      const [namespace = '', account = ''] = key.split('/')
      t.ok(file.hasContainerCredentials(namespace, account), key)
    }
    t.notOk(file.hasContainerCredentials('shop', 'toString'))
  }
})

t.test('a bad entry is named and left out, the good ones load', async (t) => {
  const bad = [
    { namespace: 'shop' },
    { namespace: 1, serviceAccount: 'x' },
    null,
    'shop/x',
    { namespace: 'a/b', serviceAccount: 'c' },
  ]
  const content = JSON.stringify({ identities: [...bad, { namespace: 'shop', serviceAccount: 'cart' }] })
  const { file, lines, metricLines } = await openFile(t, content)
  t.ok(file.hasContainerCredentials('shop', 'cart'))
  t.equal(file.size, 1)
  t.equal(lines.filter((line) => line.includes('"level":"error"')).length, bad.length)
  t.match(lines[0], /"problem":"identities\[0\] is not an object/)
  t.match(await metricLines(), [
    /reloads_total\{source="container_credentials",result="success"\} 1/,
    /bad_entries\{source="container_credentials"\} 5/,
  ])
})

t.test('bad content keeps the last good one, and says so', async (t) => {
  for (const bad of ['{', '[]', '"x"', '{"identities":{}}', '{"identities":\n[{]}']) {
    const { file, path, lines, metricLines } = await openFile(t, GOOD)
    await writeFile(path, bad)
    await file.check()
    t.ok(file.hasContainerCredentials('shop', 'cart'), bad)
    t.match(JSON.parse(lines.at(-1) ?? ''), { level: 'error', path, problem: /^it[^\n]+$/, identities: 1 })
    t.match((await metricLines()).join(), /result="failure"\} 1/)
    await writeFile(path, '')
    await file.check()
    t.equal(file.size, 0, 'and the next good one takes its place')
  }
})

t.test('a file that is removed lists nobody, and one that comes back counts again', async (t) => {
  const { file, path } = await openFile(t, GOOD)
  await rm(path)
  await file.check()
  t.equal(file.size, 0)
  await writeFile(path, GOOD)
  await file.check()
  t.ok(file.hasContainerCredentials('shop', 'cart'))
})
