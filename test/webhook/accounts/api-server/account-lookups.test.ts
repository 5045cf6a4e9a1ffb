import t, { type Test } from 'tap'
import { ApiClient } from '../../../../src/kubernetes/api-client.ts'
import { NO_CREDENTIALS } from '../../../../src/kubernetes/credentials.ts'
import { AccountLookups } from '../../../../src/webhook/accounts/api-server/account-lookups.ts'
import { FakeApiServer } from '../../../support/fake-api-server.ts'

async function prepare(t: Test, timeoutMs = 60_000) {
  const server = await FakeApiServer.start()
  const client = new ApiClient({
    server: new URL(server.url),
    tls: { ca: server.ca },
    credentials: NO_CREDENTIALS,
  })
  t.teardown(async () => {
    client.close()
    await server.close()
  })
  return { server, client, lookups: new AccountLookups({ client, timeoutMs }) }
}

t.test('a hundred at once for one ServiceAccount are one GET, for its metadata', async (t) => {
  const { server, lookups } = await prepare(t)
  server.put('serviceaccounts', { namespace: 'shop', name: 'cart' })
  const found = await Promise.all(Array.from({ length: 100 }, () => lookups.find('shop', 'cart')))
  t.ok(found.every(({ state }) => state === 'found'))
  t.equal(server.requests.length, 1)
  t.equal(server.requests[0]?.path, '/api/v1/namespaces/shop/serviceaccounts/cart')
  t.match(server.requests[0]?.headers.accept, 'as=PartialObjectMetadata;')
  await lookups.find('shop', 'cart')
  t.equal(server.requests.length, 2, 'the next one asks again')
})

const nameAccounts = (count: number) => Array.from({ length: count }, (_, index) => `account-${index}`)

/** Holds all requests back; resolves once `count` have come, and lets them go on with `release`. */
function holdRequests(server: FakeApiServer, count: number) {
  const held = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  let arrivedCount = 0
  server.intercept = ({ path }) => {
    if (!path.includes('/serviceaccounts/')) return undefined
    if (++arrivedCount === count) arrived.resolve()
    return { kind: 'hold', until: held.promise }
  }
  return { arrived: arrived.promise, release: held.resolve }
}

t.test('no more than 50 are in flight, and the others follow', async (t) => {
  const { server, client, lookups } = await prepare(t)
  server.intercept = () => ({ kind: 'status', status: 500 })
  await Promise.all(nameAccounts(60).map((name) => lookups.find('shop', name)))
  server.requests.length = 0
  const { arrived, release } = holdRequests(server, 50)
  const found = Promise.all(nameAccounts(120).map((name) => lookups.find('shop', name)))
  await arrived
  // One more round trip, begun later: a 51st GET would have come before it.
  await client.requestJson({ path: '/api/v1/serviceaccounts', timeoutMs: 60_000 })
  t.equal(server.requests.length, 51)
  release()
  t.ok((await found).every(({ state }) => state === 'absent'))
  t.equal(server.requests.length, 121)
})

t.test('who waits for a turn gives up within the bound too', async (t) => {
  const { server, lookups } = await prepare(t, 400)
  server.intercept = () => ({ kind: 'hang' })
  const found = await Promise.all(nameAccounts(60).map((name) => lookups.find('shop', name)))
  t.strictSame(
    new Set(found.map((lookup) => (lookup.state === 'failed' ? lookup.cause : lookup.state))),
    new Set(['no answer from the API server within 400 ms']),
  )
  t.ok(server.requests.length <= 50)
})

t.test('only the API server’s own “not found” counts as absent', async (t) => {
  const { server, lookups } = await prepare(t)
  t.strictSame(await lookups.find('shop', 'cart'), { state: 'absent' })
  server.intercept = () => ({ kind: 'answer', status: 404, body: '404 page not found' })
  t.equal((await lookups.find('shop', 'cart')).state, 'failed')
  server.intercept = () => ({ kind: 'status', status: 500, reason: 'InternalError' })
  t.match(await lookups.find('shop', 'cart'), { state: 'failed', cause: /the API server answered 500/ })
})

t.test('a name that cannot exist is absent without a GET', async (t) => {
  const { server, lookups } = await prepare(t)
  for (const name of ['..', '../../x', 'a/b', 'a?b', 'a b', '', 'Cart', '-a', 'a-']) {
    t.equal((await lookups.find(name, 'cart')).state, 'absent')
    t.equal((await lookups.find('shop', name)).state, 'absent')
  }
  t.equal(server.requests.length, 0)
  await lookups.find('shop-1', 'cart.v2')
  t.equal(server.requests[0]?.path, '/api/v1/namespaces/shop-1/serviceaccounts/cart.v2')
})
