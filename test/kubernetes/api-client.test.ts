import { getEventListeners, once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { ApiClient, type ApiRequest } from '../../src/kubernetes/api-client.ts'
import { ApiConnectionError, ApiError } from '../../src/kubernetes/api-error.ts'
import { type Credentials, createTokenCredentials } from '../../src/kubernetes/credentials.ts'
import { FakeApiServer } from '../support/fake-api-server.ts'

const SECRET = 'very-secret-token'
const REQUEST: ApiRequest = { path: '/api/v1/namespaces/shop/serviceaccounts/cart', timeoutMs: 10_000 }

async function prepare(t: Test, credentials: Credentials = createTokenCredentials(SECRET), pathPrefix = '') {
  const server = await FakeApiServer.start()
  const client = new ApiClient({
    server: new URL(`${server.url}${pathPrefix}`),
    tls: { ca: server.ca },
    credentials,
  })
  server.put('serviceaccounts', { namespace: 'shop', name: 'cart' })
  t.teardown(async () => {
    client.close()
    await server.close()
  })
  return { server, client }
}

async function fail(request: Promise<unknown>): Promise<Error> {
  return request.then(
    () => new Error('the request succeeded'),
    (error: Error) => error,
  )
}

t.test('one request after another goes by one connection, with the token', async (t) => {
  const { server, client } = await prepare(t)
  for (let count = 0; count < 5; count++) await client.requestJson(REQUEST)
  t.equal(server.connectionCount, 1)
  t.equal(server.requests[0]?.headers.authorization, `Bearer ${SECRET}`)
})

t.test('many requests at once take no more than 64 connections', async (t) => {
  const { server, client } = await prepare(t)
  await Promise.all(Array.from({ length: 200 }, () => client.requestJson(REQUEST)))
  t.equal(server.connectionCount, 64)
})

t.test('a server URL with a path comes before the request’s', async (t) => {
  const { server, client } = await prepare(t, undefined, '/clusters/one/')
  await fail(client.requestJson(REQUEST))
  t.equal(server.requests[0]?.path, '/clusters/one/api/v1/namespaces/shop/serviceaccounts/cart')
})

t.test('a body is sent as JSON with its content type', async (t) => {
  const { server, client } = await prepare(t)
  server.intercept = () => ({ kind: 'answer', status: 201, body: '{"ok":true}' })
  const contentType = 'application/merge-patch+json'
  const answer = await client.requestJson({ ...REQUEST, method: 'PATCH', body: { text: 'für' }, contentType })
  t.strictSame(answer, { ok: true })
  t.match(server.requests[0], {
    method: 'PATCH',
    body: '{"text":"für"}',
    headers: { 'content-type': contentType },
  })
})

t.test('an answer that is an error becomes an ApiError of one line', async (t) => {
  const { server, client } = await prepare(t)
  const status = { kind: 'Status', reason: 'Forbidden', message: 'serviceaccounts is\n forbidden' }
  const rows = [
    [403, JSON.stringify(status), 'Forbidden', 'the API server answered 403: serviceaccounts is forbidden'],
    [502, '<html>bad gateway</html>', '', 'the API server answered 502: <html>bad gateway</html>'],
    [500, '', '', 'the API server answered 500: no reason given'],
    [500, 'x'.repeat(5000), '', `the API server answered 500: ${'x'.repeat(299)}…`],
  ] as const
  for (const [code, body, reason, message] of rows) {
    server.intercept = () => ({ kind: 'answer', status: code, body })
    const error = await fail(client.requestJson(REQUEST))
    t.ok(error instanceof ApiError)
    t.match(error, { status: code, reason, message: `GET ${REQUEST.path}: ${message}` })
  }
})

t.test('Retry-After is read in seconds and held to 5 minutes', async (t) => {
  const { server, client } = await prepare(t)
  for (const [retryAfterSeconds, retryAfterMs] of [
    [3, 3000],
    [86_400, 300_000],
    [0, undefined],
  ] as const) {
    server.intercept = () => ({ kind: 'status', status: 429, retryAfterSeconds })
    t.equal(((await fail(client.requestJson(REQUEST))) as ApiError).retryAfterMs, retryAfterMs)
  }
})

t.test('no answer becomes an ApiConnectionError that says why', async (t) => {
  const { server, client } = await prepare(t)
  server.intercept = () => ({ kind: 'hang' })
  const tooSlow = await fail(client.requestJson({ ...REQUEST, timeoutMs: 20 }))
  t.ok(tooSlow instanceof ApiConnectionError)
  t.match(tooSlow.message, /no answer within 20 ms$/)

  server.intercept = () => ({ kind: 'answer', status: 200, body: '{"half":' })
  t.match((await fail(client.requestJson(REQUEST))).message, /the answer is not JSON$/)

  await server.close()
  const refused = await fail(client.requestJson(REQUEST))
  t.ok(refused instanceof ApiConnectionError)
  t.match(refused.message, /ECONNREFUSED/)
})

t.test('a certificate that the CA did not sign is refused', async (t) => {
  const { server } = await prepare(t)
  const other = await FakeApiServer.start()
  t.teardown(() => other.close())
  const credentials = createTokenCredentials(SECRET)
  const client = new ApiClient({ server: new URL(server.url), tls: { ca: other.ca }, credentials })
  t.match((await fail(client.requestJson(REQUEST))).message, /certificate/)
  t.equal(server.requests.length, 0)
})

t.test('no error tells the token', async (t) => {
  const { server, client } = await prepare(t)
  for (const status of [401, 403, 500]) {
    server.intercept = () => ({ kind: 'status', status })
    const error = await fail(client.requestJson(REQUEST))
    t.notMatch(`${error.stack} ${JSON.stringify(error)}`, SECRET)
  }
})

t.test('the caller’s signal ends a request with its own reason', async (t) => {
  const { server, client } = await prepare(t)
  server.intercept = () => ({ kind: 'hang' })
  const controller = new AbortController()
  const failed = fail(client.requestJson({ ...REQUEST, signal: controller.signal }))
  await once(server, 'request')
  const reason = new Error('enough')
  controller.abort(reason)
  t.equal(await failed, reason)
})

t.test('a signal that outlives its requests gathers no listeners', async (t) => {
  const { client } = await prepare(t)
  const { signal } = new AbortController()
  for (let count = 0; count < 3; count++) await client.requestJson({ ...REQUEST, signal })
  t.equal(getEventListeners(signal, 'abort').length, 0)
})

t.test('a GET whose new connection breaks is not sent again', async (t) => {
  const { server, client } = await prepare(t)
  server.intercept = () => ({ kind: 'drop' })
  t.ok((await fail(client.requestJson(REQUEST))) instanceof ApiConnectionError)
  t.equal(server.requests.length, 1)
})

t.test('a GET that meets a kept-alive connection closed by the other side is sent again', async (t) => {
  const { server, client } = await prepare(t)
  await client.requestJson(REQUEST)
  let isFirst = true
  server.intercept = () => {
    const fault = isFirst ? ({ kind: 'drop' } as const) : undefined
    isFirst = false
    return fault
  }
  await client.requestJson(REQUEST)
  t.equal(server.connectionCount, 2)

  isFirst = true
  t.ok(
    (await fail(client.requestJson({ ...REQUEST, method: 'PUT', body: {} }))) instanceof ApiConnectionError,
  )
})

t.test(
  'after a 401 the credentials are read again, and the request is sent once more if they changed',
  async (t) => {
    let token = 'old'
    const renewed = ['new']
    const { server, client } = await prepare(t, {
      readAuthorization: () => Promise.resolve(`Bearer ${token}`),
      invalidate: () => {
        token = renewed.shift() ?? token
      },
    })
    server.acceptedToken = 'new'
    await client.requestJson(REQUEST)
    t.equal(server.requests.length, 2)
    server.acceptedToken = 'newer'
    t.equal(((await fail(client.requestJson(REQUEST))) as ApiError).status, 401)
    t.equal(server.requests.length, 3)
  },
)

async function listenPlainly(t: Test, answer: http.RequestListener): Promise<ApiClient> {
  const server = http.createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const client = new ApiClient({ server: url, tls: {}, credentials: createTokenCredentials(SECRET) })
  t.teardown(() => {
    client.close()
    server.close()
  })
  return client
}

t.test('the token does not travel over plain HTTP', async (t) => {
  const client = await listenPlainly(t, (request, response) => response.end(JSON.stringify(request.headers)))
  const headers = (await client.requestJson(REQUEST)) as http.IncomingHttpHeaders
  t.equal(headers.authorization, undefined)
})

t.test('the beginning of an answer is told before its end has come', async (t) => {
  const isHeadTold = Promise.withResolvers<void>()
  const client = await listenPlainly(t, (_request, response) => {
    response.write('{"begin":1,')
    void isHeadTold.promise.then(() => response.end('"end":2}'))
  })
  const heads: string[] = []
  const onHead = (text: string) => {
    heads.push(text)
    isHeadTold.resolve()
  }
  t.strictSame(await client.requestJson({ ...REQUEST, onHead }), { begin: 1, end: 2 })
  t.strictSame(heads, ['{"begin":1,'])
})
