import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { ApiClient } from '../../src/kubernetes/api-client.ts'
import { TokenFile } from '../../src/kubernetes/credentials.ts'
import { METADATA_ONLY } from '../../src/kubernetes/reflected-resource.ts'
import { Reflector } from '../../src/kubernetes/reflector.ts'
import { FakeApiServer, type FakeRequest, type FakeWatch } from '../support/fake-api-server.ts'
import { FakeTiming } from '../support/fake-timing.ts'
import { RecordedStore } from '../support/recorded-store.ts'

const PAGE_SIZE = 50

const isWatch = ({ query }: FakeRequest) => query.has('watch')
const isPage = (request: FakeRequest) => !isWatch(request)

async function prepare(t: Test, accountCount = 3) {
  const folder = t.testdir({ token: 'first-token' })
  const server = await FakeApiServer.start()
  const timing = new FakeTiming()
  const credentials = new TokenFile(`${folder}/token`, timing)
  const client = new ApiClient({ server: new URL(server.url), tls: { ca: server.ca }, credentials })
  const store = new RecordedStore()
  const resource = { path: '/api/v1/serviceaccounts', accept: METADATA_ONLY }
  const reflector = new Reflector({ client, resource, store, observer: store, timing, pageSize: PAGE_SIZE })
  for (let index = 0; index < accountCount; index++) put(server, `account-${index}`)
  t.teardown(async () => {
    await reflector.close()
    client.close()
    await server.close()
  })
  return { server, timing, store, reflector, folder }
}

function put(server: FakeApiServer, name: string, role?: string) {
  server.put('serviceaccounts', {
    namespace: 'shop',
    name,
    ...(role !== undefined && { annotations: { role } }),
  })
}

async function startWatching(parts: Awaited<ReturnType<typeof prepare>>): Promise<FakeWatch> {
  const opened = nextWatch(parts.server)
  parts.reflector.start()
  return opened
}

async function nextWatch(server: FakeApiServer): Promise<FakeWatch> {
  const [watch] = await once(server, 'watch')
  return watch as FakeWatch
}

t.test('lists in pages, metadata only, then watches from the list’s resourceVersion', async (t) => {
  const parts = await prepare(t, 121)
  const { server, store, timing } = parts
  timing.randomValue = 0.5
  const watch = await startWatching(parts)

  const pages = server.requests.filter(isPage)
  t.equal(store.objects.size, 121)
  t.strictSame(
    pages.map(({ query }) => [query.get('limit'), query.has('continue')]),
    [
      ['50', false],
      ['50', true],
      ['50', true],
    ],
  )
  t.equal(pages[0]?.headers.accept, 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1')
  t.match(watch.request.headers.accept, 'as=PartialObjectMetadata;')
  t.equal(watch.request.query.get('resourceVersion'), server.resourceVersion)
  t.equal(watch.request.query.get('allowWatchBookmarks'), 'true')
  t.equal(watch.request.query.get('timeoutSeconds'), '450')
})

t.test('asks for 300 to 600 seconds of watch', async (t) => {
  for (const [randomValue, seconds] of [
    [0, '300'],
    [0.999_999, '600'],
  ] as const) {
    const parts = await prepare(t, 0)
    parts.timing.randomValue = randomValue
    t.equal((await startWatching(parts)).request.query.get('timeoutSeconds'), seconds)
  }
})

t.test('follows creations, changes and deletions over the connection that the list came by', async (t) => {
  const parts = await prepare(t)
  const { server, store } = parts
  await startWatching(parts)
  put(server, 'new')
  put(server, 'account-1', 'changed')
  server.delete('serviceaccounts', 'shop', 'account-0')
  await store.until(() => store.resourceVersion === server.resourceVersion)

  t.strictSame(store.names, ['account-1', 'account-2', 'new'])
  t.equal(store.objects.get('account-1')?.metadata.annotations?.['role'], 'changed')
  t.strictSame(store.changedNames, ['new', 'account-1', 'account-0'])
  t.equal(server.connectionCount, 1)
})

t.test('a watch that breaks is resumed from the last resourceVersion, without a new list', async (t) => {
  const breaks: Record<string, { breakIt: (watch: FakeWatch) => void; cause: string; error?: RegExp }> = {
    'a dropped connection': {
      breakIt: (watch) => watch.drop(),
      cause: 'closed',
      error: /the connection broke/,
    },
    'an early end': { breakIt: (watch) => watch.end(), cause: 'closed' },
    'a truncated line': {
      breakIt: (watch) => {
        watch.write('{"type":"ADDED","object":{"metadata":{"name":"half')
        watch.end()
      },
      cause: 'closed',
      error: /the stream ended within an event$/,
    },
    'a line that is no event': {
      breakIt: (watch) => watch.write('{"type":"SURPRISE"}\n'),
      cause: 'error',
      error: /is not a watch event$/,
    },
    'an ERROR event': {
      breakIt: (watch) => watch.fail(500, 'InternalError'),
      cause: 'error',
      error: /answered 500: fake InternalError$/,
    },
  }
  for (const [name, { breakIt, cause, error }] of Object.entries(breaks)) {
    t.test(name, async (t) => {
      const parts = await prepare(t)
      const { server, store, timing } = parts
      const watch = await startWatching(parts)
      put(server, 'before')
      await store.until(() => store.objects.has('before'))
      const lastVersion = server.resourceVersion

      const resumed = nextWatch(server)
      breakIt(watch)
      await store.until(() => !store.isConnected)
      put(server, 'meanwhile')
      t.equal((await resumed).request.query.get('resourceVersion'), lastVersion)
      await store.until(() => store.objects.has('meanwhile'))
      t.equal(store.replacementCount, 1)
      t.strictSame(store.causes, [cause])
      t.match(store.errors, error === undefined ? [] : [error])
      t.equal(timing.longWaitCount, 1, 'the broken watch is not guarded any more')
      t.strictSame(timing.pausesMs, [100])
    })
  }
})

t.test('bookmarks move the resourceVersion on, so that a quiet watch outlives compaction', async (t) => {
  const parts = await prepare(t)
  const { server, store } = parts
  const watch = await startWatching(parts)
  server.compact()
  server.bookmark()
  await store.until(() => store.resourceVersion === server.resourceVersion)

  const resumed = nextWatch(server)
  watch.drop()
  t.equal((await resumed).request.query.get('resourceVersion'), server.resourceVersion)
  t.equal(store.replacementCount, 1)
})

t.test(
  'a watch that the API server ends in its time is begun anew at once and counts as healthy',
  async (t) => {
    const parts = await prepare(t)
    const { server, store, timing } = parts
    const watch = await startWatching(parts)
    timing.advance(300_000)
    const resumed = nextWatch(server)
    watch.end()
    await resumed
    t.strictSame(store.causes, ['timeout'])
    t.strictSame(timing.pausesMs, [])
  },
)

t.test('a watch that is silent past its time is cut and resumed', async (t) => {
  const parts = await prepare(t)
  const { server, store, timing } = parts
  await startWatching(parts)
  await store.until(() => store.isConnected)
  const resumed = nextWatch(server)
  timing.endLongWaits()
  t.equal((await resumed).request.query.get('resourceVersion'), server.resourceVersion)
  t.strictSame(store.causes, ['silent'])
})

t.test('when the resourceVersion is too old, all is listed again', async (t) => {
  t.test('told by the status of the watch', async (t) => {
    const parts = await prepare(t)
    const { server, store } = parts
    const watch = await startWatching(parts)
    const reopened = nextWatch(server)
    watch.drop()
    server.delete('serviceaccounts', 'shop', 'account-0')
    server.compact()
    await reopened
    t.strictSame(store.names, ['account-1', 'account-2'])
    t.equal(store.replacementCount, 2)
    t.strictSame(store.causes, ['closed', 'expired'])
  })
  t.test('told by an ERROR event', async (t) => {
    const parts = await prepare(t)
    const { server, store } = parts
    const watch = await startWatching(parts)
    const reopened = nextWatch(server)
    watch.fail(410, 'Expired')
    await reopened
    t.equal(store.replacementCount, 2)
    t.strictSame(store.causes, ['expired'])
  })
  t.test('or comes from a future that a restored etcd does not know', async (t) => {
    const parts = await prepare(t)
    const { server, store } = parts
    const body = JSON.stringify({
      reason: 'Timeout',
      message: 'Too large resource version',
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
    })
    let isFirst = true
    server.intercept = (request) => {
      if (isPage(request) || !isFirst) return undefined
      isFirst = false
      return { kind: 'answer', status: 504, body }
    }
    await startWatching(parts)
    t.equal(store.replacementCount, 2)
  })
})

t.test('a new list takes the store’s place only when it is complete', async (t) => {
  const parts = await prepare(t, 70)
  const { server, store } = parts
  const watch = await startWatching(parts)
  const secondPage = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  server.intercept = (request) => {
    if (!request.query.has('continue')) return undefined
    secondPage.resolve()
    return { kind: 'hold', until: held.promise }
  }
  for (let index = 0; index < 30; index++) server.delete('serviceaccounts', 'shop', `account-${index}`)
  await store.until(() => store.objects.size === 40)
  for (let index = 0; index < 30; index++) put(server, `late-${index}`)
  await store.until(() => store.objects.size === 70)
  server.compact()
  watch.fail(410, 'Expired')
  await secondPage.promise
  put(server, 'unlisted')

  t.equal(store.objects.size, 70, 'the old store answers while the new list comes in')
  t.equal(store.replacementCount, 1)
  const reopened = nextWatch(server)
  held.resolve()
  await reopened
  await store.until(() => store.objects.has('unlisted'))
  t.equal(store.replacementCount, 2)
  t.equal(store.objects.size, 71)
})

t.test('a continue token that has expired makes the list begin anew', async (t) => {
  const parts = await prepare(t, 70)
  const { server, store } = parts
  let isCompacted = false
  server.intercept = ({ query }) => {
    if (query.has('continue') && !isCompacted) {
      isCompacted = true
      server.compact()
    }
    return undefined
  }
  await startWatching(parts)
  t.equal(store.objects.size, 70)
  t.equal(store.replacementCount, 1)
  t.strictSame(store.causes, ['expired'])
})

t.test('a page that fails is asked for again, and the pages before it are kept', async (t) => {
  const faults = [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 429, retryAfterSeconds: 7 },
    { kind: 'drop' },
    { kind: 'answer', status: 200, body: '{"items":[' },
  ] as const
  const parts = await prepare(t, 110)
  const { server, store, timing } = parts
  let failures = 0
  server.intercept = ({ query }) => (query.get('continue')?.endsWith('.50') ? faults[failures++] : undefined)
  await startWatching(parts)
  t.equal(store.objects.size, 110)
  t.equal(server.requests.filter((request) => isPage(request) && !request.query.has('continue')).length, 1)
  t.equal(failures, 5)
  // A dropped kept-alive connection is no failure: the client sends its GET again by another one.
  t.strictSame(timing.pausesMs, [100, 7000, 400], 'each pause doubles, and Retry-After is honoured')
})

t.test('pauses double from 0.2 s to 30 s and begin anew after a healthy watch', async (t) => {
  const parts = await prepare(t)
  const { server, store, timing } = parts
  timing.randomValue = 0.999_999_9
  let failures = 0
  server.intercept = (request) =>
    isWatch(request) && failures++ < 9 ? { kind: 'status', status: 503 } : undefined
  const watch = await startWatching(parts)
  t.strictSame(timing.pausesMs.map(Math.round), [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000])
  put(server, 'healthy')
  await store.until(() => store.objects.has('healthy'))
  const resumed = nextWatch(server)
  watch.drop()
  await resumed
  t.equal(Math.round(timing.pausesMs.at(-1) ?? 0), 200)
})

t.test('after a 401 the token is read again', async (t) => {
  const parts = await prepare(t)
  const { server, store, folder } = parts
  server.acceptedToken = 'first-token'
  const watch = await startWatching(parts)
  await writeFile(`${folder}/token`, 'second-token')
  server.acceptedToken = 'second-token'
  const resumed = nextWatch(server)
  watch.drop()
  t.equal((await resumed).request.headers.authorization, 'Bearer second-token')
  t.strictSame(store.causes, ['closed'])
})

t.test('a token that stays refused is tried again with pauses', async (t) => {
  const parts = await prepare(t)
  const { server, store } = parts
  server.acceptedToken = 'another-token'
  parts.reflector.start()
  await store.until(() => store.causes.length === 3)
  t.strictSame(store.causes, ['unauthorized', 'unauthorized', 'unauthorized'])
  server.acceptedToken = 'first-token'
  await store.until(() => store.isConnected)
  t.equal(store.objects.size, 3)
})

t.test('an API server that is away at the start is waited for', async (t) => {
  const parts = await prepare(t)
  const { server, store } = parts
  await server.close()
  parts.reflector.start()
  await store.until(() => store.causes.length === 2)
  await server.listen()
  await store.until(() => store.isConnected)
  t.equal(store.objects.size, 3)
})

t.test('close ends a pause, a page and a watch alike', async (t) => {
  t.test('a watch', async (t) => {
    const parts = await prepare(t)
    await startWatching(parts)
    await parts.reflector.close()
    t.equal(parts.reflector.isConnected, false)
  })
  t.test('a page', async (t) => {
    const parts = await prepare(t)
    parts.server.intercept = () => ({ kind: 'hang' })
    parts.reflector.start()
    await once(parts.server, 'request')
    await parts.reflector.close()
    t.equal(parts.store.replacementCount, 0)
  })
  t.test('a pause', async (t) => {
    const { server, store, timing, reflector } = await prepare(t)
    server.intercept = () => ({ kind: 'status', status: 500 })
    reflector.start()
    await timing.nextPause()
    await reflector.close()
    t.strictSame(store.causes, ['error'])
  })
})
