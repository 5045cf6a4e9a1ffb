import t, { type Test } from 'tap'
import type { ApiServerAccountsOptions } from '../../../../src/webhook/accounts/api-server/api-server-accounts.ts'
import type { Account } from '../../../../src/webhook/identity/account.ts'
import type { LookupOptions } from '../../../../src/webhook/serve-options.ts'
import { createApiServerAccounts, eventually } from '../../../support/api-server-accounts.ts'
import type { FakeApiServer, FakeRequest, Fault } from '../../../support/fake-api-server.ts'

const FRESH: LookupOptions = { mode: 'fresh', timeoutMs: 60_000, missTimeoutMs: 60_000 }
const HASTY: LookupOptions = { ...FRESH, timeoutMs: 30 }

const isGet = ({ path }: FakeRequest) => /serviceaccounts\/./.test(path)
const isConfigMapGet = ({ path }: FakeRequest) => /configmaps\/./.test(path)
const isRead = (request: FakeRequest) => isGet(request) || isConfigMapGet(request)

function annotate(server: FakeApiServer, role: string, name = 'cart') {
  const annotations = role === '' ? {} : { 'eks.amazonaws.com/role-arn': role }
  server.put('serviceaccounts', { namespace: 'shop', name, annotations })
}

function roleOf(account: Account): string | undefined {
  if (account.state === 'unavailable') return account.state
  if (account.state === 'known' && account.annotations.role !== '') return account.annotations.role
  return account.mapping?.role ?? (account.state === 'absent' ? 'absent' : 'none')
}

/** Accounts that know `cart`, with the role `old`, and whose watches tell nothing any more. */
async function prepare(
  t: Test,
  lookup: LookupOptions = FRESH,
  options: Partial<ApiServerAccountsOptions> = {},
  put: (server: FakeApiServer) => void = (server) => annotate(server, 'old'),
) {
  const parts = await createApiServerAccounts(t, { lookup, ...options })
  const { server, accounts } = parts
  put(server)
  await parts.startWatching()
  const watched = [
    'serviceaccounts',
    ...(options.isConfigMapWatched ? ['configmaps'] : []),
    ...(options.containerCredentialsConfigMap === undefined ? [] : ['container_credentials']),
  ]
  for (const resource of watched)
    await eventually(async () => (await parts.readMetric('watch_connected', { resource })) === 1)
  for (const watch of server.openWatches) watch.write = () => {}
  server.requests.length = 0
  return {
    ...parts,
    fail: (fault: Fault | undefined, isFailing = isRead) => {
      server.intercept = (request) => (isFailing(request) ? fault : undefined)
    },
    find: async (name = 'cart') => roleOf(await accounts.find('shop', name)),
    countLookups: (result: string) => parts.readMetric('account_lookups_total', { result }),
  }
}

t.test('what was written a moment ago counts, though the watch has not told', async (t) => {
  const { server, find, countLookups, readMetric } = await prepare(t)
  annotate(server, 'new')
  t.equal(await find(), 'new')
  annotate(server, '')
  t.equal(await find(), 'none')
  server.delete('serviceaccounts', 'shop', 'cart')
  t.equal(await find(), 'absent')
  annotate(server, 'again')
  t.equal(await find(), 'again')
  t.equal(server.requests.length, 4)
  t.equal(await countLookups('fetched'), 3)
  t.equal(await countLookups('absent'), 1)
  t.equal(await readMetric('lookup_requests_total', { resource: 'serviceaccounts' }), 4)
})

t.test('what a GET brought is what memory knows from then on', async (t) => {
  const { server, find, fail } = await prepare(t)
  annotate(server, 'new')
  await find()
  fail({ kind: 'status', status: 500 })
  t.equal(await find(), 'new')
  fail(undefined)
  server.delete('serviceaccounts', 'shop', 'cart')
})

t.test('a burst of one account is two GETs', async (t) => {
  const { server, accounts, readMetric } = await prepare(t)
  annotate(server, 'new')
  const found = await Promise.all(Array.from({ length: 1000 }, () => accounts.find('shop', 'cart')))
  t.strictSame(new Set(found.map(roleOf)), new Set(['new']))
  t.equal(server.requests.filter(isGet).length, 2)
  t.equal(await readMetric('lookup_requests_saved_total', { resource: 'serviceaccounts' }), 998)
})

t.test('each way in which the API server gives nothing is counted, and memory answers', async (t) => {
  const table: readonly (readonly [result: string, fault: Fault])[] = [
    ['late', { kind: 'hang' }],
    ['refused', { kind: 'status', status: 429, retryAfterSeconds: 5 }],
    ['refused', { kind: 'status', status: 500 }],
    ['failed', { kind: 'status', status: 403, reason: 'Forbidden' }],
    ['failed', { kind: 'answer', status: 200, body: '<html>' }],
    ['failed', { kind: 'answer', status: 200, body: '{"metadata":{"name":"till"}}' }],
    ['failed', { kind: 'drop' }],
  ]
  for (const [result, fault] of table) {
    const { find, fail, countLookups, log, timing, readMetric } = await prepare(t, HASTY)
    fail(fault)
    t.equal(await find(), 'old', JSON.stringify(fault))
    t.equal(await countLookups(result), 1)
    const warnings = () => log.filter(({ msg }) => /ServiceAccounts could not be read for a pod/.test(msg))
    t.match(warnings(), [{ level: 40, result, cause: String, lookups: 1 }])
    t.notMatch(JSON.stringify(warnings()), /html|till/)
    await find()
    t.equal(warnings().filter((line) => line['result'] === result).length, 1, 'told once a minute')
    timing.advance(60_000)
    await find()
    t.equal(warnings().filter((line) => line['result'] === result).length, 2)
    t.equal(await readMetric('account_lookups_total', { result: 'unavailable' }), undefined)
  }
})

t.test('an API server that asks to be left alone is, for as long as it asks', async (t) => {
  const { server, find, fail, countLookups, timing } = await prepare(t)
  annotate(server, 'new')
  fail({ kind: 'status', status: 429, retryAfterSeconds: 5 })
  t.equal(await find(), 'old')
  fail(undefined)
  timing.advance(4_999)
  t.equal(await find(), 'old')
  t.equal(server.requests.length, 1)
  t.equal(await countLookups('paused'), 1)
  timing.advance(1)
  t.equal(await find(), 'new')
  t.equal(server.requests.length, 2)
})

t.test('it is asked all the same for what was never heard of, lest that pod go without', async (t) => {
  const { server, find, fail } = await prepare(t)
  fail({ kind: 'status', status: 429, retryAfterSeconds: 5 })
  await find()
  fail(undefined)
  annotate(server, 'unheard', 'till')
  t.equal(await find('till'), 'unheard')
})

t.test('of what was never heard of nothing is known where no GET answers', async (t) => {
  const { fail, accounts, log } = await prepare(t, { ...FRESH, missTimeoutMs: 30 })
  fail({ kind: 'hang' })
  t.match(await accounts.find('shop', 'till'), {
    state: 'unavailable',
    cause: 'no answer from the API server within 30 ms',
  })
  t.match(
    log.filter(({ level }) => level === 40),
    [{ result: 'late', msg: /nothing is known of them/ }],
  )
})

t.test('a late answer still goes into memory', async (t) => {
  const { server, find, fail, countLookups } = await prepare(t, HASTY)
  const held = Promise.withResolvers<void>()
  annotate(server, 'new')
  fail({ kind: 'hold', until: held.promise })
  t.equal(await find(), 'old')
  held.resolve()
  fail({ kind: 'hang' })
  await eventually(async () => (await find()) === 'new')
  t.ok(((await countLookups('late')) ?? 0) >= 2)
})

t.test('while the watch is away memory is asked only after the longer time', async (t) => {
  const { server, fail, find, readMetric } = await prepare(t, { ...HASTY, missTimeoutMs: 5_000 })
  fail({ kind: 'hang' }, ({ query }) => query.has('watch'))
  for (const watch of server.openWatches) watch.drop()
  await eventually(async () => (await readMetric('watch_connected', { resource: 'serviceaccounts' })) === 0)
  annotate(server, 'new')
  const held = new Promise<void>((resolve) => setTimeout(resolve, 100))
  fail({ kind: 'hold', until: held })
  t.equal(await find(), 'new')
})

t.test('more accounts at once than may be read at once: all are answered, 50 at a time', async (t) => {
  const { server, accounts } = await prepare(t)
  const names = Array.from({ length: 300 }, (_, index) => `account-${index}`)
  for (const name of names) annotate(server, `role-${name}`, name)
  const found = await Promise.all(names.map((name) => accounts.find('shop', name)))
  t.strictSame(
    found.map(roleOf),
    names.map((name) => `role-${name}`),
  )
})

t.test('who finds no turn within the bound is answered from memory, as busy', async (t) => {
  const { accounts, countLookups, fail, readMetric } = await prepare(t, HASTY, {}, (server) => {
    for (let index = 0; index < 60; index++) annotate(server, 'old', `account-${index}`)
  })
  fail({ kind: 'hang' })
  const found = await Promise.all(
    Array.from({ length: 60 }, (_, index) => accounts.find('shop', `account-${index}`)),
  )
  t.strictSame(new Set(found.map(roleOf)), new Set(['old']))
  t.equal(await readMetric('lookup_requests_total', { resource: 'serviceaccounts' }), 50)
  t.equal(await countLookups('late'), 50)
  t.equal(await countLookups('busy'), 10)
})

t.test(
  'ten thousand reviews at once: of one account two GETs, of ten thousand accounts none is stuck',
  async (t) => {
    const names = Array.from({ length: 10_000 }, (_, index) => `account-${index}`)
    const { server, accounts, readMetric } = await prepare(
      t,
      { mode: 'fresh', timeoutMs: 250, missTimeoutMs: 1000 },
      {},
      (server) => {
        for (const name of ['cart', ...names]) annotate(server, `role-${name}`, name)
      },
    )
    const ofOne = await Promise.all(names.map(() => accounts.find('shop', 'cart')))
    t.strictSame(new Set(ofOne.map(roleOf)), new Set(['role-cart']))
    t.ok((await readMetric('lookup_requests_total', { resource: 'serviceaccounts' })) === 2)

    server.requests.length = 0
    const ofMany = await Promise.all(names.map((name) => accounts.find('shop', name)))
    t.ok(ofMany.every((account, index) => roleOf(account) === `role-${names[index]}`))
    t.equal(await readMetric('account_lookups_total', { result: 'unavailable' }), undefined)
    const answered = await Promise.all(
      ['fetched', 'late', 'busy'].map((result) => readMetric('account_lookups_total', { result })),
    )
    t.equal(
      answered.reduce<number>((sum, count) => sum + (count ?? 0), 0),
      20_000,
    )
  },
)

t.test('strict refuses to take memory’s word that a pod gets nothing', async (t) => {
  const { server, accounts, find, fail } = await prepare(
    t,
    { ...FRESH, mode: 'strict', missTimeoutMs: 30 },
    {},
    (server) => {
      annotate(server, 'old')
      annotate(server, '', 'plain')
    },
  )
  t.equal(await find('plain'), 'none')
  fail({ kind: 'hang' })
  t.equal(await find(), 'old', 'a role that is known is given')
  t.match(await accounts.find('shop', 'plain'), { state: 'unavailable', cause: /no answer/ })
  t.match(await accounts.find('shop', 'unheard'), { state: 'unavailable' })
  fail({ kind: 'status', status: 503, retryAfterSeconds: 9 })
  t.match(await accounts.find('shop', 'plain'), { state: 'unavailable', cause: /answered 503/ })
  t.match(await accounts.find('shop', 'plain'), { state: 'unavailable', cause: /left alone/ })
  t.equal(server.requests.filter(isGet).length, 5)
})

const MAPPINGS = { namespace: 'eks', name: 'pod-identity-webhook' }
const LIST = { namespace: 'eks', name: 'who-uses-pod-identity' }

function map(server: FakeApiServer, config: unknown) {
  server.put('configmaps', { ...MAPPINGS, data: { config: JSON.stringify(config) } })
}

function list(server: FakeApiServer, ...names: readonly string[]) {
  const identities = names.map((serviceAccount) => ({ namespace: 'shop', serviceAccount }))
  server.put('configmaps', { ...LIST, data: { 'config.json': JSON.stringify({ identities }) } })
}

t.test('the mappings are as fresh, and read whole only where they changed', async (t) => {
  const { server, find, readMetric } = await prepare(t, FRESH, { isConfigMapWatched: true }, (server) => {
    annotate(server, '', 'mapped')
    map(server, { 'shop/mapped': { RoleARN: 'one' } })
  })
  t.equal(await find('mapped'), 'one')
  t.strictSame(
    server.requests.filter(isConfigMapGet).map(({ headers }) => headers.accept),
    ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'],
  )
  map(server, { 'shop/mapped': { RoleARN: 'two' } })
  t.equal(await find('mapped'), 'two')
  t.equal(server.requests.filter(isConfigMapGet).length, 3, 'its version, then the whole')
  t.equal(await find('mapped'), 'two')
  t.equal(server.requests.filter(isConfigMapGet).length, 4)
  server.delete('configmaps', MAPPINGS.namespace, MAPPINGS.name)
  t.equal(await find('mapped'), 'none')
  map(server, { 'shop/mapped': { RoleARN: 'three' } })
  t.equal(await find('mapped'), 'three')
  t.equal(await readMetric('config_map_lookups_total', { source: 'config_map', result: 'fetched' }), 5)
})

t.test('an account with a role of its own costs no read of the mappings', async (t) => {
  const { server, find } = await prepare(t, FRESH, { isConfigMapWatched: true })
  t.equal(await find(), 'old')
  t.equal(server.requests.filter(isConfigMapGet).length, 0)
  annotate(server, '')
  map(server, { 'shop/cart': { RoleARN: 'mapped' } })
  t.equal(await find(), 'mapped', 'one that has lost it is mapped')
  annotate(server, 'own')
  t.equal(await find(), 'own')
})

t.test('mappings that cannot be read in time are memory’s', async (t) => {
  const { server, find, fail, readMetric } = await prepare(
    t,
    HASTY,
    { isConfigMapWatched: true },
    (server) => {
      annotate(server, '', 'mapped')
      map(server, { 'shop/mapped': { RoleARN: 'one' } })
    },
  )
  map(server, { 'shop/mapped': { RoleARN: 'two' } })
  fail({ kind: 'hang' }, isConfigMapGet)
  t.equal(await find('mapped'), 'one')
  t.equal(await readMetric('config_map_lookups_total', { source: 'config_map', result: 'late' }), 1)
})

t.test('mappings of 1 MiB, and mappings that are no JSON any more', async (t) => {
  const { server, find, log } = await prepare(t, FRESH, { isConfigMapWatched: true }, (server) => {
    annotate(server, '', 'mapped')
  })
  const entries = Array.from({ length: 20_000 }, (_, index) => [
    `shop/a${index}`,
    { RoleARN: `role-${index}` },
  ])
  map(server, { ...Object.fromEntries(entries), 'shop/mapped': { RoleARN: 'large' } })
  t.equal(await find('mapped'), 'large')
  server.put('configmaps', { ...MAPPINGS, data: { config: '{' } })
  t.equal(await find('mapped'), 'large', 'the last good content stays')
  t.equal(await find('mapped'), 'large')
  t.equal(log.filter(({ level }) => level === 50).length, 1, 'said once')
})

t.test('who uses container credentials is as fresh', async (t) => {
  const { server, accounts, fail } = await prepare(
    t,
    HASTY,
    { containerCredentialsConfigMap: LIST.name },
    (server) => {
      annotate(server, 'old')
      list(server, 'other')
    },
  )
  const isListed = async () => (await accounts.find('shop', 'cart')).hasContainerCredentials
  t.notOk(await isListed())
  list(server, 'cart')
  t.ok(await isListed())
  list(server)
  t.notOk(await isListed())
  list(server, 'cart')
  fail({ kind: 'drop' }, isConfigMapGet)
  t.notOk(await isListed(), 'and memory’s where it must be')
  fail(undefined)
  t.ok(await isListed())
  fail({ kind: 'drop' }, isGet)
  list(server, 'never-heard-of')
  t.match(await accounts.find('shop', 'never-heard-of'), {
    state: 'unavailable',
    hasContainerCredentials: true,
  })
})

t.test('without a word of the list no account is known', async (t) => {
  const { server, accounts } = await createApiServerAccounts(t, {
    lookup: { ...FRESH, missTimeoutMs: 50 },
    containerCredentialsConfigMap: LIST.name,
  })
  server.intercept = (request) =>
    request.path.includes('configmaps') ? { kind: 'status', status: 403, reason: 'Forbidden' } : undefined
  annotate(server, 'own')
  await accounts.start()
  await eventually(() => /403/.test(accounts.pendingReasons().join()))
  t.match(await accounts.find('shop', 'cart'), {
    state: 'unavailable',
    cause: /^the ConfigMap who-uses-pod-identity has not been read yet: .* 403/,
  })
})
