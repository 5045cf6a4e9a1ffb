import fc from 'fast-check'
import t from 'tap'
import { ApiClient } from '../../src/kubernetes/api-client.ts'
import { NO_CREDENTIALS } from '../../src/kubernetes/credentials.ts'
import { METADATA_ONLY } from '../../src/kubernetes/reflected-resource.ts'
import { Reflector } from '../../src/kubernetes/reflector.ts'
import { FakeApiServer, type Fault } from '../support/fake-api-server.ts'
import { FakeTiming } from '../support/fake-timing.ts'
import { RecordedStore } from '../support/recorded-store.ts'

const name = fc.integer({ min: 0, max: 70 }).map((index) => `account-${index}`)
const fault: fc.Arbitrary<Fault> = fc.constantFrom<Fault[]>(
  { kind: 'drop' },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 429, retryAfterSeconds: 1 },
  { kind: 'status', status: 410, reason: 'Expired' },
  { kind: 'answer', status: 200, body: '{"metadata":{"resourceVersion":"1' },
)

type Step =
  | { readonly kind: 'put' | 'delete'; readonly name: string }
  | { readonly kind: 'compact' | 'bookmark' | 'drop' | 'truncate' | 'end' | 'expire' | 'meet' }
  | { readonly kind: 'fault'; readonly fault: Fault }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('put' as const, 'delete' as const), name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('compact', 'bookmark', 'drop', 'truncate', 'end', 'expire', 'meet'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fault' as const), fault }) },
)

t.test('after any run of changes and faults the store equals the API server’s objects', async (t) => {
  const server = await FakeApiServer.start()
  t.teardown(() => server.close())
  for (let index = 0; index <= 60; index++) {
    server.put('serviceaccounts', { namespace: 'shop', name: `account-${index}` })
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const client = new ApiClient({
        server: new URL(server.url),
        tls: { ca: server.ca },
        credentials: NO_CREDENTIALS,
      })
      const store = new RecordedStore()
      const resource = { path: '/api/v1/serviceaccounts', accept: METADATA_ONLY }
      const reflector = new Reflector({
        client,
        resource,
        store,
        observer: store,
        timing: new FakeTiming(),
        pageSize: 20,
      })
      const faults: Fault[] = []
      server.intercept = () => faults.shift()
      reflector.start()
      try {
        for (const step of steps) await take(step, server, store, faults)
        faults.length = 0
        server.put('serviceaccounts', { namespace: 'shop', name: 'last' })
        await store.until(() => store.resourceVersion === server.resourceVersion)
        const stored = [...store.objects].map(([name, { metadata }]) => [name, metadata.resourceVersion])
        t.strictSame(Object.fromEntries(stored), server.versions('serviceaccounts'))
      } finally {
        await reflector.close()
        client.close()
      }
    }),
    { numRuns: 100 },
  )
})

async function take(step: Step, server: FakeApiServer, store: RecordedStore, faults: Fault[]): Promise<void> {
  const [watch] = server.openWatches
  switch (step.kind) {
    case 'put':
      return server.put('serviceaccounts', { namespace: 'shop', name: step.name })
    case 'delete':
      return server.delete('serviceaccounts', 'shop', step.name)
    case 'compact':
      return server.compact()
    case 'bookmark':
      return server.bookmark()
    case 'drop':
      return watch?.drop()
    case 'truncate':
      watch?.write('{"type":"DELETED","object":{"metadata":{"na')
      return watch?.end()
    case 'end':
      return watch?.end()
    case 'expire':
      return watch?.fail(410, 'Expired')
    case 'fault':
      faults.push(step.fault)
      return
    case 'meet':
      return store.until(() => store.isConnected)
  }
}
