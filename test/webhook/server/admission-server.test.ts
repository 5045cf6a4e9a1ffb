import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import t from 'tap'
import { openTls } from '../../support/https-client.ts'
import { ECHO_REVIEWER, readMetric, serveWebhook } from '../../support/served-webhook.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

t.test('a review goes to the reviewer and its answer back', async (t) => {
  const { client, metrics } = await serveWebhook(t)
  const response = await client.postJson('/mutate?timeout=10s', '{"kind":"AdmissionReview"}')
  t.match(response, {
    statusCode: 200,
    headers: { 'content-type': 'application/json', 'content-length': '35' },
    body: '{"body":{"kind":"AdmissionReview"}}',
  })
  t.equal(await readMetric(metrics.httpRequestCount, { verb: 'POST', path: '/mutate', code: '200' }), 1)
  t.equal(await readMetric(metrics.requestsInFlight), 0)
})

t.test('what the body must be', async (t) => {
  const { client, metrics } = await serveWebhook(t)
  const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000)
  for (const [name, headers, body, statusCode, answer] of [
    ['charset', { 'content-type': 'application/json; charset=utf-8' }, '1', 200, '{"body":1}'],
    ['spelling', { 'content-type': 'Application/JSON' }, '1', 200, '{"body":1}'],
    ['beyond ASCII', JSON_TYPE, '"é€😀"', 200, '{"body":"é€😀"}'],
    ['null', JSON_TYPE, 'null', 200, '{"body":null}'],
    ['empty', JSON_TYPE, '', 400, 'body_unreadable: the body is empty\n'],
    ['empty, of no type', {}, '', 400, 'body_unreadable: the body is empty\n'],
    ['not JSON', JSON_TYPE, 'secret-value', 400, 'body_unreadable: the body is not JSON\n'],
    ['half JSON', JSON_TYPE, '{"a":', 400, 'body_unreadable: the body is not JSON\n'],
    ['unclosed and deep', JSON_TYPE, deep.slice(1), 400, 'body_unreadable: the body is not JSON\n'],
    ['no type', {}, '{}', 415, 'wrong_content_type: there is no content type; it must be application/json\n'],
    [
      'text',
      { 'content-type': 'text/plain' },
      '{}',
      415,
      /^wrong_content_type: the content type "text\/plain" is/,
    ],
    ['XML', { 'content-type': 'application/xml' }, '<a/>', 415, /^wrong_content_type: [^\n]*xml[^\n]*\n$/],
    [
      'a type that is none',
      { 'content-type': 'json' },
      '{}',
      415,
      /^wrong_content_type: [^\n]*"json"[^\n]*\n$/,
    ],
    ['a type like JSON', { 'content-type': 'application/jsonx' }, '{}', 415, /^wrong_content_type: /],
  ] as const) {
    const response = await client.send({ method: 'POST', path: '/mutate', headers, body })
    t.match(response, { statusCode, body: answer }, name)
    t.equal(
      response.headers['content-type'],
      statusCode === 200 ? 'application/json' : 'text/plain; charset=utf-8',
    )
  }
  t.equal(await readMetric(metrics.httpRequestCount, { path: '/mutate', code: '400' }), 5)
  t.equal(await readMetric(metrics.httpRequestCount, { path: '/mutate', code: '415' }), 5)
})

t.test('a body of 7 MiB is read, one byte more is not', async (t) => {
  const { client } = await serveWebhook(t)
  const body = `"${'x'.repeat(7 * 1024 * 1024 - 2)}"`
  t.equal((await client.postJson('/mutate', body)).statusCode, 200)

  const announced = await client.postJson('/mutate', `${body} `)
  t.match(announced, { statusCode: 413, body: 'body_too_large: the body is over 7 MiB\n' })
  const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' }
  const chunked = await client.send({ method: 'POST', path: '/mutate', headers, body: `${body} ` })
  t.match(chunked, { statusCode: 413, body: 'body_too_large: the body is over 7 MiB\n' })
  t.equal((await client.postJson('/mutate', '1')).statusCode, 200, 'the next one is read')
})

t.test('names with a meaning in JavaScript and very deep nesting do no harm', async (t) => {
  const { client } = await serveWebhook(t, {
    reviewer: {
      ...ECHO_REVIEWER,
      review: async (body) => ({ statusCode: 200, contentType: 'text/plain', body: typeof body }),
    },
  })
  const bodies = [
    '{"__proto__":{"isPolluted":true},"constructor":{"prototype":{"isPolluted":true}}}',
    `{"request":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`,
    `${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`,
  ]
  for (const body of bodies)
    t.match(await client.postJson('/mutate', body), { statusCode: 200, body: 'object' })
  t.notOk('isPolluted' in {})
})

t.test('other paths and methods get one line of text', async (t) => {
  const { client, metrics } = await serveWebhook(t)
  for (const [method, path, statusCode, allow] of [
    ['GET', '/', 404, undefined],
    ['POST', '/mutate/', 404, undefined],
    ['POST', '/validate', 404, undefined],
    ['GET', '/constructor', 404, undefined],
    ['GET', '/mutate', 405, 'POST'],
    ['PUT', '/mutate?timeout=1s', 405, 'POST'],
    ['POST', '/healthz', 405, 'GET, HEAD'],
    ['DELETE', '/readyz', 405, 'GET, HEAD'],
    ['REPORT', '/readyz', 405, 'GET, HEAD'],
    ['GET', '/%zz', 400, undefined],
  ] as const) {
    // Node's client frames bodies of these two methods alone.
    for (const body of method === 'POST' || method === 'PUT' ? ['', '{}', 'no JSON'] : ['']) {
      const response = await client.send({ method, path, headers: body === '' ? {} : JSON_TYPE, body })
      t.match(response, { statusCode, body: /^[^\n]+\n$/ }, `${method} ${path}`)
      t.equal(response.headers.allow, allow)
    }
  }
  t.equal(await readMetric(metrics.httpRequestCount, { path: 'other', code: '404' }), 8)
  t.equal(await readMetric(metrics.httpRequestCount, { verb: 'other', path: '/readyz', code: '405' }), 1)
})

t.test('health pages', async (t) => {
  let reasons: readonly string[] = ['accounts: not listed yet', 'certificate: none']
  const { client } = await serveWebhook(t, { health: { findPendingReasons: () => reasons } })
  t.match(await client.send({ path: '/healthz' }), { statusCode: 200, body: 'ok\n' })
  t.match(await client.send({ path: '/readyz' }), {
    statusCode: 503,
    body: 'accounts: not listed yet\ncertificate: none\n',
  })
  reasons = []
  t.match(await client.send({ path: '/readyz' }), { statusCode: 200, body: 'ok\n' })
  t.match(await client.send({ method: 'HEAD', path: '/readyz' }), { statusCode: 200, body: '' })
})

t.test('a connection outlives the idle time of the API server', async (t) => {
  const { webhook, client } = await serveWebhook(t)
  t.ok(webhook.server.keepAliveTimeout >= 120_000)
  t.equal(webhook.server.requestTimeout, 30_000)
  t.match((await client.postJson('/mutate', '1')).headers, {
    connection: 'keep-alive',
    'keep-alive': 'timeout=120',
  })
  t.equal((await client.postJson('/mutate', '1')).isReusedConnection, true)
  t.equal((await client.postJson('/mutate', 'x')).isReusedConnection, true)
  t.equal(
    (await client.postJson('/mutate', '1')).isReusedConnection,
    true,
    'also after a request that was refused',
  )
})

t.test('HTTP/1.1 is agreed on with clients that offer more', async (t) => {
  const { port, authority } = await serveWebhook(t)
  const socket = await openTls(port, { ca: authority.certificatePem, ALPNProtocols: ['h2', 'http/1.1'] })
  t.equal(socket.alpnProtocol, 'http/1.1')
  socket.destroy()
})

t.test('slow senders are cut', async (t) => {
  const rejected: string[] = []
  const { port, authority, client, metrics, lines } = await serveWebhook(t, {
    limits: { requestTimeoutMs: 100, timeoutCheckIntervalMs: 20 },
    reviewer: {
      ...ECHO_REVIEWER,
      reject(reason, detail) {
        rejected.push(reason)
        return ECHO_REVIEWER.reject(reason, detail)
      },
    },
  })
  for (const sent of [
    'POST /mutate HTTP/1.1\r\nHost: x\r\n',
    'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{',
  ]) {
    const socket = await openTls(port, { ca: authority.certificatePem })
    socket.write(sent)
    t.match(await text(socket), /^HTTP\/1.1 408 Request Timeout\r\n[\s\S]*\r\n\r\n[^\n]+\n$/)
  }
  t.equal(await readMetric(metrics.httpRequestCount, { code: '408' }), 2)
  t.equal(lines.filter(({ msg }) => msg.startsWith('connection closed')).length, 2)
  t.same(rejected, ['body_unreadable'], 'the one whose headers had come is a decision as well')
  t.equal((await client.postJson('/mutate', '1')).statusCode, 200)
})

for (const [way, leave] of [
  ['hangs up', (socket: TLSSocket) => socket.destroy()],
  ['says goodbye', (socket: TLSSocket) => socket.end()],
] as const) {
  t.test(`a client that ${way} amid its body is recorded once and does no harm`, async (t) => {
    const { promise: rejected, resolve } = Promise.withResolvers<string>()
    const { port, authority, client, metrics, lines } = await serveWebhook(t, {
      reviewer: {
        ...ECHO_REVIEWER,
        reject(reason, detail) {
          resolve(`${reason}: ${detail}`)
          return ECHO_REVIEWER.reject(reason, detail)
        },
      },
    })
    const socket = await openTls(port, { ca: authority.certificatePem })
    socket.write(
      'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"a"',
    )
    await client.postJson('/mutate', '1')
    leave(socket)
    t.match(await rejected, /^body_unreadable: the sender left/)
    t.equal((await client.postJson('/mutate', '1')).statusCode, 200)
    t.same(lines, [], 'the reviewer alone logs it')
    t.equal(await readMetric(metrics.httpRequestCount), 2, 'what nobody got is no response')
  })
}

t.test('a client that leaves before its answer does no harm', async (t) => {
  const started = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const { port, authority, client, metrics } = await serveWebhook(t, {
    reviewer: {
      ...ECHO_REVIEWER,
      async review(body) {
        if (body === 'slow') {
          started.resolve()
          await finish.promise
        }
        return ECHO_REVIEWER.review(body)
      },
    },
  })
  const socket = await openTls(port, { ca: authority.certificatePem })
  socket.write(
    'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n"slow"',
  )
  await started.promise
  t.equal(await readMetric(metrics.requestsInFlight), 1)
  socket.destroy()
  await once(socket, 'close')
  await client.postJson('/mutate', '1')
  finish.resolve()
  t.equal((await client.postJson('/mutate', '1')).statusCode, 200)
  t.equal(await readMetric(metrics.requestsInFlight), 0)
})

t.test(
  'a connection that was opened ahead may idle, and its requests must come as fast as any',
  async (t) => {
    const limits = { requestTimeoutMs: 100, timeoutCheckIntervalMs: 20, keepAliveTimeoutMs: 120_000 }
    const { webhook, port, authority } = await serveWebhook(t, { limits })
    const timedOut = once(webhook.server, 'clientError')
    const socket = await openTls(port, { ca: authority.certificatePem })
    t.match(await timedOut, [{ code: 'ERR_HTTP_REQUEST_TIMEOUT' }])
    const answer = once(socket, 'data')
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    t.match(String(await answer), /^HTTP\/1.1 200 OK\r\n[\s\S]*ok\n$/)
    socket.write('GET /healthz HTTP/1.1\r\n')
    t.match(await text(socket), /^HTTP\/1.1 408 /)
  },
)

t.test('a connection that is never used is closed at the end of its idle time', async (t) => {
  const limits = { requestTimeoutMs: 50, timeoutCheckIntervalMs: 10, keepAliveTimeoutMs: 50 }
  const { port, authority, lines } = await serveWebhook(t, { limits })
  const socket = await openTls(port, { ca: authority.certificatePem })
  t.equal(await text(socket), '')
  t.same(lines, [])
})

t.test('what is not HTTP gets a line and the end of the connection', async (t) => {
  const { port, authority, client, metrics } = await serveWebhook(t)
  for (const [sent, status] of [
    ['hello\r\n\r\n', '400 Bad Request'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431 Request Header Fields Too Large'],
  ] as const) {
    const socket = await openTls(port, { ca: authority.certificatePem })
    socket.write(sent)
    t.ok((await text(socket)).startsWith(`HTTP/1.1 ${status}\r\n`), status)
  }
  t.equal(await readMetric(metrics.httpRequestCount, { verb: 'other', path: 'other' }), 2)
  t.equal((await client.postJson('/mutate', '1')).statusCode, 200)
})

t.test('a handshake that fails shows in the log, a port check does not', async (t) => {
  const { port, client, lines } = await serveWebhook(t)
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  await t.rejects(
    openTls(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
  )
  await client.postJson('/mutate', '1')
  t.match(lines, [{ level: 'warn', msg: 'TLS handshake failed', code: 'ERR_SSL_UNSUPPORTED_PROTOCOL' }])
  t.equal(lines.length, 1)
})

t.test('a review that takes too long is given up', async (t) => {
  const { promise: never, resolve } = Promise.withResolvers<void>()
  const { client, metrics, lines } = await serveWebhook(t, {
    limits: { reviewTimeoutMs: 50 },
    reviewer: {
      ...ECHO_REVIEWER,
      async review(body) {
        await never
        return ECHO_REVIEWER.review(body)
      },
    },
  })
  t.match(await client.postJson('/mutate', '1'), { statusCode: 503, body: 'the review took too long\n' })
  t.match(lines, [{ level: 'error', msg: 'a review took too long and was given up' }])
  t.equal(await readMetric(metrics.requestsInFlight), 0)
  resolve()
  t.equal((await client.postJson('/mutate', '1')).statusCode, 200, 'its late answer disturbs nobody')
  t.equal(await readMetric(metrics.httpRequestCount, { path: '/mutate' }), 2)
})

t.test('a reviewer that fails gets a 500 and one line', async (t) => {
  const { client, lines } = await serveWebhook(t, {
    reviewer: { ...ECHO_REVIEWER, review: () => Promise.reject(new Error('on purpose')) },
  })
  t.match(await client.postJson('/mutate', '1'), { statusCode: 500, body: 'the webhook failed\n' })
  t.match(lines, [{ level: 'error', err: { message: 'on purpose' } }])
})
