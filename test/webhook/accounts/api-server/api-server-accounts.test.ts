import { once } from 'node:events'
import t from 'tap'
import type { Account } from '../../../../src/webhook/identity/account.ts'
import { createApiServerAccounts, eventually, PATIENT_LOOKUP } from '../../../support/api-server-accounts.ts'
import type { FakeApiServer, FakeRequest } from '../../../support/fake-api-server.ts'

const ROLE = 'arn:aws:iam::111122223333:role/cart'

const isGet = ({ path }: FakeRequest) => /serviceaccounts\/./.test(path)
const isWatch = ({ query }: FakeRequest) => query.has('watch')

function annotate(server: FakeApiServer, name: string, role?: string) {
  const annotations = role === undefined ? {} : { 'eks.amazonaws.com/role-arn': role }
  server.put('serviceaccounts', { namespace: 'shop', name, annotations })
}

function roleOf(account: Account): string {
  return account.state === 'known' ? account.annotations.role : account.state
}

t.test('what the watch told is answered at once, without asking', async (t) => {
  const { server, accounts, startWatching, readMetric } = await createApiServerAccounts(t)
  annotate(server, 'cart', ROLE)
  annotate(server, 'plain')
  await startWatching()
  await eventually(() => !(accounts.find('shop', 'cart') instanceof Promise))

  t.equal(server.requests[0]?.query.get('limit'), '2000')
  t.match(accounts.find('shop', 'cart'), {
    state: 'known',
    annotations: { role: ROLE },
    hasContainerCredentials: false,
  })
  t.match(accounts.find('shop', 'plain'), { state: 'known', annotations: { role: '' } })
  annotate(server, 'plain', 'new')
  await eventually(() => roleOf(accounts.find('shop', 'plain') as Account) === 'new')
  server.delete('serviceaccounts', 'shop', 'plain')
  await eventually(() => accounts.find('shop', 'plain') instanceof Promise)
  t.equal(await readMetric('cached_accounts', { annotated: 'true' }), 1)
  t.equal(await readMetric('cached_accounts', { annotated: 'false' }), 0)
  t.equal(await readMetric('watch_connected', { resource: 'serviceaccounts' }), 1)
})

t.test(
  'a hundred misses of one account are two GETs, whose result serves until the watch tells',
  async (t) => {
    const { server, accounts, startWatching, readMetric } = await createApiServerAccounts(t)
    const watch = await startWatching()
    await eventually(async () => (await readMetric('watch_connected', { resource: 'serviceaccounts' })) === 1)
    // The API server knows the ServiceAccount, but its watch lags behind: events are held back.
    const events: string[] = []
    const write = watch.write
    watch.write = (text) => void events.push(text)
    annotate(server, 'cart', ROLE)
    const found = await Promise.all(Array.from({ length: 100 }, () => accounts.find('shop', 'cart')))
    t.ok(found.every((account) => roleOf(account) === ROLE))
    // The first may use none that another asked for before it; the others share the next.
    t.equal(server.requests.filter(isGet).length, 2)
    t.notOk(accounts.find('shop', 'cart') instanceof Promise, 'the result serves at once')

    annotate(server, 'cart', 'changed')
    for (const event of events) write(event)
    await eventually(() => roleOf(accounts.find('shop', 'cart') as Account) === 'changed')
    t.equal(server.requests.filter(isGet).length, 2)
    t.equal(await readMetric('account_lookups_total', { result: 'fetched' }), 100)
    t.equal(await readMetric('account_lookup_duration_seconds_count', { result: 'fetched' }), 100)
  },
)

t.test('“not found” is believed for one second', async (t) => {
  const { server, timing, accounts, startWatching, readMetric } = await createApiServerAccounts(t)
  await startWatching()
  t.equal((await accounts.find('shop', 'ghost')).state, 'absent')
  timing.advance(999)
  t.match(accounts.find('shop', 'ghost'), { state: 'absent', mapping: undefined })
  t.equal(server.requests.filter(isGet).length, 1)
  timing.advance(1)
  t.equal((await accounts.find('shop', 'ghost')).state, 'absent')
  t.equal(server.requests.filter(isGet).length, 2)
  t.equal(await readMetric('account_lookups_total', { result: 'absent' }), 2)
  t.equal(await readMetric('account_lookups_total', { result: 'memory' }), 1)
})

t.test('before the first list each answer comes from a GET', async (t) => {
  const { server, accounts } = await createApiServerAccounts(t)
  server.intercept = (request) => (isGet(request) ? undefined : { kind: 'hang' })
  annotate(server, 'cart', ROLE)
  await accounts.start()
  t.equal(roleOf(await accounts.find('shop', 'cart')), ROLE)
})

t.test(
  'while the watch is away each answer comes from a GET, and from memory where that fails',
  async (t) => {
    const { server, timing, accounts, startWatching, readMetric } = await createApiServerAccounts(t)
    annotate(server, 'cart', ROLE)
    const watch = await startWatching()
    await eventually(() => !(accounts.find('shop', 'cart') instanceof Promise))
    server.intercept = (request) => (isWatch(request) ? { kind: 'hang' } : undefined)
    watch.drop()
    await eventually(() => accounts.find('shop', 'cart') instanceof Promise)
    annotate(server, 'cart', 'changed')
    timing.advance(1000)
    t.equal(roleOf(await accounts.find('shop', 'cart')), 'changed')
    t.equal(await readMetric('watch_connected', { resource: 'serviceaccounts' }), 0)

    timing.advance(1000)
    server.intercept = () => ({ kind: 'status', status: 500 })
    t.equal(roleOf(await accounts.find('shop', 'cart')), 'changed', 'the last word counts')
    t.match(await accounts.find('shop', 'unheard'), { state: 'unavailable', cause: /answered 500/ })
    t.equal(await readMetric('account_lookups_total', { result: 'unavailable' }), 1)
  },
)

t.test('an API server that does not answer in time makes an account unavailable', async (t) => {
  const { server, accounts } = await createApiServerAccounts(t, {
    lookup: { ...PATIENT_LOOKUP, missTimeoutMs: 30 },
    hasContainerCredentials: () => true,
  })
  server.intercept = () => ({ kind: 'hang' })
  t.strictSame(await accounts.find('shop', 'cart'), {
    state: 'unavailable',
    cause: 'no answer from the API server within 30 ms',
    hasContainerCredentials: true,
  })
})

t.test('the container credentials file is asked about each ServiceAccount', async (t) => {
  const { server, accounts, startWatching } = await createApiServerAccounts(t, {
    hasContainerCredentials: (namespace, name) => namespace === 'shop' && name === 'cart',
  })
  annotate(server, 'cart')
  annotate(server, 'other')
  await startWatching()
  t.match(await accounts.find('shop', 'cart'), { state: 'known', hasContainerCredentials: true })
  t.match(await accounts.find('shop', 'other'), { state: 'known', hasContainerCredentials: false })
  t.match(await accounts.find('shop', 'ghost'), { state: 'absent', hasContainerCredentials: false })
})

t.test('started before the API server it waits, says why, and recovers by itself', async (t) => {
  const { server, accounts, startWatching, timing, log } = await createApiServerAccounts(t)
  annotate(server, 'cart', ROLE)
  t.strictSame(accounts.pendingReasons(), ['ServiceAccounts have not been listed yet'])
  await server.close()
  const watching = startWatching()
  for (let count = 0; count < 3; count++) await timing.nextPause()
  t.match(accounts.pendingReasons(), [/^ServiceAccounts have not been listed yet: GET .*ECONNREFUSED/])
  await server.listen()
  await watching
  await eventually(() => accounts.pendingReasons().length === 0)
  t.equal(roleOf(await accounts.find('shop', 'cart')), ROLE)
  t.equal(log.filter(({ level }) => level >= 40).length, 1, 'one line for all the tries')
  await eventually(() => log.some(({ level, msg }) => level === 30 && /read again/.test(msg)))
})

t.test('describes what it holds', async (t) => {
  const { server, accounts, startWatching } = await createApiServerAccounts(t)
  annotate(server, 'cart', ROLE)
  annotate(server, 'plain')
  await startWatching()
  t.match(accounts.describe(), {
    source: 'api-server',
    serviceAccounts: 2,
    annotated: [{ namespace: 'shop', name: 'cart', role: ROLE }],
    configMap: {},
  })
})

t.test('close leaves no socket and no timer behind', async (t) => {
  const countHandles = () =>
    process.getActiveResourcesInfo().filter((kind) => /TCP|TLS|Timeout/.test(kind)).length
  const before = countHandles()
  const { server, accounts, startWatching, close } = await createApiServerAccounts(t, {
    isConfigMapWatched: true,
  })
  await startWatching()
  const lookup = accounts.find('shop', 'ghost')
  await once(server, 'request')
  await lookup
  await close()
  await eventually(() => countHandles() <= before)
})
