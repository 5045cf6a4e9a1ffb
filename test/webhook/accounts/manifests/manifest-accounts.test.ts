import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createLogger } from '../../../../src/telemetry/logger.ts'
import { createMetrics } from '../../../../src/telemetry/metrics.ts'
import { ManifestAccounts } from '../../../../src/webhook/accounts/manifests/manifest-accounts.ts'

const ACCOUNT = `apiVersion: v1
kind: ServiceAccount
metadata: {name: cart, namespace: shop, annotations: {eks.amazonaws.com/role-arn: one}}
`
const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata: {name: pod-identity-webhook, namespace: eks}
data: {config: '{"*/cart":{"RoleARN":"mapped"},"bad":1}'}
`

async function build(t: Test, files: Record<string, string>, paths: readonly string[] = ['']) {
  const folder = t.testdir(files)
  const lines: { level: string; problem?: string; notice?: string }[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const logger = await createLogger({ level: 'info', format: 'json', destination })
  const metrics = createMetrics({ collectNodeMetrics: false })
  const accounts = new ManifestAccounts({
    paths: paths.map((path) => join(folder, path)),
    annotationPrefix: 'eks.amazonaws.com',
    namespace: 'eks',
    isConfigMapWatched: true,
    containerCredentials: { hasContainerCredentials: (_, name) => name === 'listed' },
    logger,
    metrics,
    pollIntervalMs: 2 ** 30,
  })
  t.teardown(() => accounts.close())
  const countReloads = async (source: string, result: string) =>
    (await metrics.configReloads.get()).values.find(
      ({ labels }) => labels.source === source && labels.result === result,
    )?.value
  return { folder, accounts, lines, metrics, countReloads }
}

t.test('answers what the files say', async (t) => {
  const { accounts, metrics } = await build(t, {
    'a.yaml': ACCOUNT,
    'b.json': JSON.stringify({ kind: 'ServiceAccount', metadata: { name: 'listed' } }),
    'c.yml': CONFIG_MAP,
  })
  t.strictSame(accounts.pendingReasons(), ['the manifests have not been read'])
  await accounts.start()
  t.strictSame(accounts.pendingReasons(), [])
  t.match(accounts.find('shop', 'cart'), {
    state: 'known',
    annotations: { role: 'one' },
    mapping: { role: 'mapped' },
    hasContainerCredentials: false,
  })
  t.match(accounts.find('default', 'listed'), {
    state: 'known',
    annotations: { role: '' },
    mapping: undefined,
    hasContainerCredentials: true,
  })
  t.match(accounts.find('x', 'cart'), { state: 'absent', mapping: { role: 'mapped' } })
  t.match(accounts.find('x', 'y'), { state: 'absent', mapping: undefined })
  t.match(accounts.describe(), {
    accounts: { 'shop/cart': { role: 'one' } },
    mappings: { '*/cart': { role: 'mapped' } },
  })
  t.match((await metrics.accountLookups.get()).values, [{ labels: { result: 'memory' }, value: 4 }])
  t.match((await metrics.cachedAccounts.get()).values, [
    { labels: { annotated: 'true' }, value: 1 },
    { labels: { annotated: 'false' }, value: 1 },
  ])
  t.match((await metrics.configBadEntries.get()).values, [{ labels: { source: 'config_map' }, value: 1 }])
})

t.test('a change counts at once, a removed file takes its ServiceAccounts along', async (t) => {
  const { accounts, folder, countReloads } = await build(t, { 'a.yaml': ACCOUNT, 'b.yaml': CONFIG_MAP })
  await accounts.start()
  await writeFile(join(folder, 'a.yaml'), ACCOUNT.replace('one', 'two'))
  await accounts.check()
  t.match(accounts.find('shop', 'cart'), { annotations: { role: 'two' } })
  await rm(join(folder, 'a.yaml'))
  await rm(join(folder, 'b.yaml'))
  await accounts.check()
  t.match(accounts.find('shop', 'cart'), { state: 'absent', mapping: undefined })
  t.equal(await countReloads('manifests', 'success'), 3)
})

t.test('bad manifests end the start with file and line', async (t) => {
  const table: readonly (readonly [
    files: Record<string, string>,
    paths: readonly string[],
    message: RegExp,
  ])[] = [
    [{ 'a.yaml': ACCOUNT, 'b.yaml': 'kind: X\n a: b' }, [''], /b\.yaml:\d: [^\n]+$/],
    [{}, ['missing'], /missing: there is no such file or folder$/],
  ]
  for (const [files, paths, message] of table) {
    const { accounts, countReloads } = await build(t, files, paths)
    await t.rejects(accounts.start(), { name: 'ManifestError', message })
    t.equal(await countReloads('manifests', 'failure'), 1)
    t.strictSame(accounts.pendingReasons(), ['the manifests have not been read'])
  }
})

t.test('manifests that go bad leave the last good ones, with one line in the log', async (t) => {
  const { accounts, folder, lines, countReloads } = await build(t, { 'a.yaml': ACCOUNT })
  await accounts.start()
  const before = lines.length
  await writeFile(join(folder, 'a.yaml'), 'kind: [')
  await accounts.check()
  await accounts.check()
  t.match(accounts.find('shop', 'cart'), { annotations: { role: 'one' } })
  t.match(lines.slice(before), [{ level: 'error', problem: /a\.yaml:1: / }])
  t.equal(lines.length, before + 1)
  t.equal(await countReloads('manifests', 'failure'), 1)
  await rm(folder, { recursive: true })
  await accounts.check()
  t.match(accounts.find('shop', 'cart'), { annotations: { role: 'one' } }, 'nor does a folder that is gone')
})

t.test('a bad ConfigMap keeps its last good mappings and holds nothing else up', async (t) => {
  const { accounts, folder, lines, countReloads } = await build(t, {
    'a.yaml': ACCOUNT,
    'b.yaml': CONFIG_MAP,
  })
  await accounts.start()
  await writeFile(join(folder, 'b.yaml'), CONFIG_MAP.replace('"bad":1', '"bad":'))
  await writeFile(join(folder, 'a.yaml'), ACCOUNT.replace('one', 'two'))
  await accounts.check()
  t.match(accounts.find('shop', 'cart'), { annotations: { role: 'two' }, mapping: { role: 'mapped' } })
  t.ok(lines.some(({ level, problem }) => level === 'error' && problem?.includes('b.yaml:1: ConfigMap')))
  t.equal(await countReloads('config_map', 'failure'), 1)
  t.equal(await countReloads('manifests', 'success'), 2)
})

t.test('of two ServiceAccounts of a name the later wins, with a warning', async (t) => {
  const { accounts, lines } = await build(t, { 'a.yaml': ACCOUNT, 'b.yaml': ACCOUNT.replace('one', 'two') })
  await accounts.start()
  t.match(accounts.find('shop', 'cart'), { annotations: { role: 'two' } })
  t.match(
    lines.find(({ level }) => level === 'warn')?.notice,
    /b\.yaml:1: ServiceAccount shop\/cart takes the place of the one at .*a\.yaml:1$/,
  )
})
