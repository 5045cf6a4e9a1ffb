import t, { type Test } from 'tap'
import { ApiClient } from '../../../../src/kubernetes/api-client.ts'
import { NO_CREDENTIALS } from '../../../../src/kubernetes/credentials.ts'
import { canExist, readObject } from '../../../../src/webhook/accounts/api-server/object-read.ts'
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
  const request = { resource: 'serviceaccounts', namespace: 'shop', name: 'cart', timeoutMs } as const
  return {
    server,
    read: (isMetadataOnly = true) => readObject(client, { ...request, isMetadataOnly }),
  }
}

t.test('is one GET without resourceVersion, for the metadata or for the whole', async (t) => {
  const { server, read } = await prepare(t)
  server.put('serviceaccounts', { namespace: 'shop', name: 'cart' })
  t.match(await read(), { state: 'found', object: { metadata: { name: 'cart', namespace: 'shop' } } })
  await read(false)
  const accepted = server.requests.map(({ headers }) => headers.accept)
  t.strictSame(accepted, ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'application/json'])
  for (const { path, query } of server.requests) {
    t.equal(path, '/api/v1/namespaces/shop/serviceaccounts/cart')
    t.equal(query.size, 0)
  }
})

t.test('what is no answer says what it is', async (t) => {
  const { server, read } = await prepare(t)
  const other = (metadata: object) => JSON.stringify({ metadata })
  const table: readonly (readonly [Parameters<typeof answer>[0], object])[] = [
    [
      { status: 404, body: '404 page not found' },
      { state: 'failed', cause: /answered 404/ },
    ],
    [
      { status: 200, body: '<html>' },
      { state: 'failed', cause: /the answer is not JSON/ },
    ],
    [
      { status: 200, body: '' },
      { state: 'failed', cause: /the answer is not JSON/ },
    ],
    [
      { status: 200, body: 'null' },
      { state: 'failed', cause: /another object/ },
    ],
    [
      { status: 200, body: '{"kind":"Status"}' },
      { state: 'failed', cause: /another object/ },
    ],
    ...[
      { name: 'till', namespace: 'shop', resourceVersion: '1' },
      { name: 'cart', namespace: 'bank', resourceVersion: '1' },
      { name: 'cart', namespace: 'shop' },
    ].map(
      (metadata) =>
        [
          { status: 200, body: other(metadata) },
          { state: 'failed', cause: /another object/ },
        ] as const,
    ),
    [
      { status: 403, body: '{}' },
      { state: 'failed', cause: /answered 403/ },
    ],
    [
      { status: 500, body: '{}' },
      { state: 'refused', cause: /answered 500/, retryAfterMs: undefined },
    ],
  ]
  function answer(fault: { readonly status: number; readonly body: string }) {
    server.intercept = () => ({ kind: 'answer', ...fault })
  }
  for (const [fault, expected] of table) {
    answer(fault)
    t.match(await read(), expected, `${fault.status} ${fault.body}`)
  }
  server.intercept = () => ({ kind: 'status', status: 429, retryAfterSeconds: 7 })
  t.match(await read(), { state: 'refused', retryAfterMs: 7000 })
  server.intercept = () => ({ kind: 'drop' })
  t.equal((await read()).state, 'failed')
})

t.test('only the API server’s own “not found” counts as absent', async (t) => {
  const { read } = await prepare(t)
  t.strictSame(await read(), { state: 'absent' })
})

t.test('one that takes too long is late', async (t) => {
  const { server, read } = await prepare(t, 30)
  server.intercept = () => ({ kind: 'hang' })
  t.strictSame(await read(), { state: 'late', cause: 'no answer from the API server within 30 ms' })
})

t.test('a name that cannot exist', async (t) => {
  for (const name of ['..', '../x', 'a/b', 'a?b', 'a b', '', 'Cart', '-a', 'a-']) {
    t.notOk(canExist(name, 'cart'), name)
    t.notOk(canExist('shop', name), name)
  }
  t.ok(canExist('shop-1', 'cart.v2'))
})
