import t, { type Test } from 'tap'
import { ApiClient } from '../../../src/kubernetes/api-client.ts'
import { NO_CREDENTIALS } from '../../../src/kubernetes/credentials.ts'
import { readClusterKeys } from '../../../src/oidc/documents/cluster-keys.ts'
import { FakeApiServer, type Fault } from '../../support/fake-api-server.ts'
import { EC, RSA } from '../support/signing-keys.ts'

async function read(t: Test, fault: Fault) {
  const server = await FakeApiServer.start()
  server.intercept = () => fault
  const client = new ApiClient({
    server: new URL(server.url),
    tls: { ca: server.ca },
    credentials: NO_CREDENTIALS,
  })
  t.teardown(async () => {
    client.close()
    await server.close()
  })
  const keys = await readClusterKeys(client)
  return { keys, paths: server.requests.map(({ path }) => path) }
}

t.test('every key of the API server is read, kids as they are, by one GET', async (t) => {
  const body = JSON.stringify({ keys: [RSA, { ...EC, kid: 'its own' }] })
  t.strictSame(await read(t, { kind: 'answer', status: 200, body }), {
    keys: [RSA, { ...EC, kid: 'its own' }],
    paths: ['/openid/v1/jwks'],
  })
})

const FAILURES: readonly (readonly [string, Fault, RegExp])[] = [
  ['forbidden', { kind: 'status', status: 403 }, /^GET \/openid\/v1\/jwks: .*403.*; bind the ClusterRole/],
  ['unauthorized', { kind: 'status', status: 401 }, /sign in again$/],
  ['no such path', { kind: 'status', status: 404 }, /--service-account-issuer must be an https URL$/],
  ['a failure', { kind: 'status', status: 500 }, /answered 500/],
  ['cut off', { kind: 'drop' }, /GET \/openid\/v1\/jwks at 127/],
  ['no keys', { kind: 'answer', status: 200, body: '{"keys":[]}' }, /lists no keys/],
  [
    'no key set',
    { kind: 'answer', status: 200, body: '{}' },
    /^GET \/openid\/v1\/jwks: it is no JSON Web Key Set/,
  ],
]
for (const [name, fault, message] of FAILURES) {
  t.test(`one line says why there are no keys: ${name}`, async (t) => {
    await t.rejects(read(t, fault), { message })
  })
}
