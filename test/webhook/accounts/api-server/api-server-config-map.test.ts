import t, { type Test } from 'tap'
import type { Account } from '../../../../src/webhook/identity/account.ts'
import { createApiServerAccounts, eventually } from '../../../support/api-server-accounts.ts'
import type { FakeApiServer, FakeRequest } from '../../../support/fake-api-server.ts'

const isConfigMapList = ({ path }: FakeRequest) => path.endsWith('/configmaps')
const isConfigMap = ({ path }: FakeRequest) => path.includes('/configmaps')

function write(server: FakeApiServer, config: string, name = 'pod-identity-webhook', namespace = 'eks') {
  server.put('configmaps', { namespace, name, data: { config } })
}

async function prepare(t: Test, config?: string) {
  const parts = await createApiServerAccounts(t, { isConfigMapWatched: true })
  const { server, accounts } = parts
  server.put('serviceaccounts', { namespace: 'shop', name: 'cart' })
  if (config !== undefined) write(server, config)
  await parts.startWatching()
  await eventually(() => accounts.pendingReasons().length === 0)
  await eventually(() => server.openWatches.length === 2)
  return {
    ...parts,
    mappedRole: async () => {
      const account: Account = await accounts.find('shop', 'cart')
      return account.state === 'unavailable' ? account.state : account.mapping?.role
    },
  }
}

t.test('the one ConfigMap is listed and watched by its name in its namespace', async (t) => {
  const { server } = await prepare(t)
  const requests = server.requests.filter(isConfigMapList)
  t.equal(requests.length, 2)
  for (const { path, query, headers } of requests) {
    t.equal(path, '/api/v1/namespaces/eks/configmaps')
    t.equal(query.get('fieldSelector'), 'metadata.name=pod-identity-webhook')
    t.equal(headers.accept, 'application/json')
  }
})

t.test('is followed through creation, change and deletion', async (t) => {
  const { server, mappedRole } = await prepare(t)
  t.equal(await mappedRole(), undefined)
  write(server, '{"shop/cart":{"RoleARN":"one"}}')
  await eventually(async () => (await mappedRole()) === 'one')
  write(server, '{"*/cart":{"RoleARN":"two"}}')
  await eventually(async () => (await mappedRole()) === 'two')
  server.delete('configmaps', 'eks', 'pod-identity-webhook')
  await eventually(async () => (await mappedRole()) === undefined)
})

t.test('a bad entry is left out and named, and the good ones load', async (t) => {
  const { mappedRole, log, readMetric } = await prepare(t, '{"shop/cart":{"RoleARN":"good"},"no-slash":{}}')
  t.equal(await mappedRole(), 'good')
  t.match(
    log.filter(({ level }) => level === 50),
    [{ problem: /"no-slash"/, msg: /an entry of the ConfigMap pod-identity-webhook is left out/ }],
  )
  t.equal(await readMetric('config_bad_entries', { source: 'config_map' }), 1)
  t.equal(await readMetric('config_reloads_total', { source: 'config_map', result: 'success' }), 1)
})

t.test('one that is no JSON keeps the last good content and is reported once', async (t) => {
  const { server, mappedRole, log, readMetric } = await prepare(t, '{"shop/cart":{"RoleARN":"good"}}')
  write(server, '{"shop/cart"')
  await eventually(
    async () => (await readMetric('config_reloads_total', { source: 'config_map', result: 'failure' })) === 1,
  )
  t.equal(await mappedRole(), 'good')
  write(server, '{"shop/cart"')
  write(server, '{"shop/cart":{"RoleARN":"mended"}}')
  await eventually(async () => (await mappedRole()) === 'mended')
  const errors = log.filter(({ level }) => level === 50)
  t.equal(errors.length, 1)
  t.match(errors[0]?.['problem'], /^config is not JSON/)
})

t.test('one that was never good holds nothing back', async (t) => {
  const { accounts, mappedRole } = await prepare(t, 'nonsense')
  t.strictSame(accounts.pendingReasons(), [])
  t.equal(await mappedRole(), undefined)
})

t.test('until it is read, an account without a role of its own waits for it', async (t) => {
  const { server, accounts, startWatching } = await createApiServerAccounts(t, { isConfigMapWatched: true })
  const held = Promise.withResolvers<void>()
  server.intercept = (request) => (isConfigMap(request) ? { kind: 'hold', until: held.promise } : undefined)
  const annotations = { 'eks.amazonaws.com/role-arn': 'own' }
  server.put('serviceaccounts', { namespace: 'shop', name: 'annotated', annotations })
  server.put('serviceaccounts', { namespace: 'shop', name: 'cart' })
  write(server, '{"shop/*":{},"*/cart":{"RoleARN":"mapped"}}')
  await startWatching()
  await eventually(() => !(accounts.find('shop', 'annotated') instanceof Promise))
  t.strictSame(accounts.pendingReasons(), ['the ConfigMap pod-identity-webhook has not been read yet'])

  const waiting = accounts.find('shop', 'cart')
  t.ok(waiting instanceof Promise)
  held.resolve()
  t.match(await waiting, { state: 'known', mapping: { role: 'mapped' } })
})

t.test('where it cannot be read in time, that account is unavailable and its own role is not', async (t) => {
  const { server, accounts, startWatching } = await createApiServerAccounts(t, {
    isConfigMapWatched: true,
  })
  server.intercept = (request) =>
    isConfigMap(request) ? { kind: 'status', status: 403, reason: 'Forbidden' } : undefined
  const annotations = { 'eks.amazonaws.com/role-arn': 'own' }
  server.put('serviceaccounts', { namespace: 'shop', name: 'annotated', annotations })
  server.put('serviceaccounts', { namespace: 'shop', name: 'cart' })
  await startWatching()
  t.match(await accounts.find('shop', 'annotated'), { state: 'known', annotations: { role: 'own' } })
  t.match(await accounts.find('shop', 'cart'), {
    state: 'unavailable',
    cause: /^the ConfigMap pod-identity-webhook has not been read yet: .* 403/,
  })
})
