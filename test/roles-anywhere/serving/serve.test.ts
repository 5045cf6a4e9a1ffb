import { EventEmitter, once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { type ServingForm, serveCredentials } from '../../../src/roles-anywhere/serving/serve.ts'
import { createAuthority } from '../../support/certificate-authority.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { startRolesAnywhereServer } from '../../support/roles-anywhere-server.ts'
import { buildSessionOptions } from '../../support/session-options.ts'

const MINUTE_MS = 60_000
const authority = await createAuthority()
const node = await authority.issue({ name: 'CN=node' })

/** Serves in the given form, with a service of its own, until the test ends. */
async function setUp(t: Test, kind: ServingForm['kind']) {
  const clock = new HandClock()
  const now = () => clock.now()
  const folder = t.testdir({ 'node.pem': node.certificate + node.key })
  const service = await startRolesAnywhereServer([authority.certificate], { now })
  const tokenPath = join(folder, 'token')
  const form: ServingForm = kind === 'metadata' ? { kind } : { kind, authorizationTokenPath: tokenPath }
  const stop = new AbortController()
  const lines = new EventEmitter()
  const nextLine = async () => String((await once(lines, 'line'))[0])
  const { promise: announced, resolve: announce } = Promise.withResolvers<readonly string[]>()
  const session = buildSessionOptions(join(folder, 'node.pem'), { endpoint: service.url })
  const done = serveCredentials(
    { session, form, port: 0 },
    { env: {}, now, timing: clock, announce, log: (line) => lines.emit('line', line), stop: stop.signal },
  )
  t.teardown(async () => {
    stop.abort()
    await done
    await service.close()
  })
  const variables = await Promise.race([announced, done.then(() => [])])
  const port = Number(/:(\d+)\//.exec(variables[0] ?? '')?.[1])
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    askHttp({ port, path, headers, method })
  return { service, tokenPath, variables, port, ask, nextLine, clock }
}

async function askHttp(options: {
  port: number
  path: string
  headers: Record<string, string>
  method: string
}) {
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>()
  request({ host: '127.0.0.1', agent: false, ...options }, resolve)
    .on('error', reject)
    .end()
  const reply = await promise
  return { status: reply.statusCode, headers: reply.headers, body: await text(reply) }
}

t.test('container credentials: the variables lead to the credentials, with the token alone', async (t) => {
  const { service, tokenPath, variables, port, ask } = await setUp(t, 'container')
  t.strictSame(variables, [
    `AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:${port}/v1/credentials`,
    `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=${tokenPath}`,
  ])
  const token = readFileSync(tokenPath, 'utf8')
  t.match(token, /^[0-9a-f]{64}$/)
  t.equal(statSync(tokenPath).mode & 0o777, 0o600)
  const reply = await ask('/v1/credentials', { Authorization: token })
  const [issued] = service.issued
  t.equal(reply.status, 200)
  t.strictSame(JSON.parse(reply.body), {
    AccessKeyId: issued?.accessKeyId,
    SecretAccessKey: issued?.secretAccessKey,
    Token: issued?.sessionToken,
    AccountId: '111122223333',
    Expiration: issued?.expiration,
  })
  t.match(reply.headers, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  for (const authorization of [
    '',
    token.slice(0, -1),
    `${token}0`,
    token.toUpperCase(),
    `Bearer ${token}`,
    'é'.repeat(64),
  ]) {
    const { status, body } = await ask('/v1/credentials', {
      Authorization: Buffer.from(authorization).toString('latin1'),
    })
    t.equal(status, 401, JSON.stringify(authorization))
    t.notMatch(body, /ASIA|secret/)
  }
  t.equal((await ask('/v1/credentials')).status, 401)
  t.equal((await ask('/', { Authorization: token })).status, 404)
  t.equal((await ask('/v1/credentials', { Authorization: token }, 'POST')).status, 405)
  t.equal((await ask('/v1/credentials', { Authorization: token, Host: 'evil.example' })).status, 403)
})

t.test('50 callers at once, and 50 more, are one CreateSession', async (t) => {
  const { service, tokenPath, ask } = await setUp(t, 'container')
  const headers = { Authorization: readFileSync(tokenPath, 'utf8') }
  for (let round = 0; round < 2; round++) {
    const replies = await Promise.all(Array.from({ length: 50 }, () => ask('/v1/credentials', headers)))
    t.equal(new Set(replies.map(({ body }) => body)).size, 1)
  }
  t.equal(service.received.length, 1)
})

t.test('a token file that is there is used; one that SDKs cannot send is refused', async (t) => {
  const folder = t.testdir({
    'node.pem': node.certificate + node.key,
    good: 'my-token',
    newline: 'token\n',
    empty: '',
  })
  const service = await startRolesAnywhereServer([authority.certificate])
  t.teardown(() => service.close())
  const session = buildSessionOptions(join(folder, 'node.pem'), { endpoint: service.url })
  const serve = (file: string, announce = (_: readonly string[]) => {}) =>
    serveCredentials(
      { session, form: { kind: 'container', authorizationTokenPath: join(folder, file) }, port: 0 },
      { env: {}, now: () => new Date(), announce, log: () => {}, stop: AbortSignal.abort() },
    )
  await serve('good')
  t.equal(readFileSync(join(folder, 'good'), 'utf8'), 'my-token')
  await t.rejects(serve('newline'), { message: /^the authorization token file .*newline holds a line end/ })
  await t.rejects(serve('empty'), { message: /is empty; remove it/ })
  await t.rejects(serve('no/such/folder'), { message: /cannot be made \(ENOENT\)/ })
})

t.test('it listens on 127.0.0.1 alone', async (t) => {
  const { port } = await setUp(t, 'container')
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
  const hosts = ['127.0.0.2', ...others.map(({ address }) => address)]
  for (const host of hosts) {
    const { promise, resolve } = Promise.withResolvers<string>()
    const socket = connect({ host, port }, () => resolve('connected')).on('error', () => resolve('refused'))
    t.equal(await promise, 'refused', host)
    socket.destroy()
  }
})

t.test('a first session that cannot be had ends it, and a port that is taken', async (t) => {
  const { port, service } = await setUp(t, 'metadata')
  const folder = t.testdir({ 'node.pem': node.certificate + node.key })
  const session = buildSessionOptions(join(folder, 'node.pem'), { endpoint: service.url })
  const surroundings = { env: {}, now: () => new Date(), announce: () => t.fail('announced'), log: () => {} }
  const serve = (roleArn: string, atPort: number) =>
    serveCredentials(
      {
        session: { ...session, request: { ...session.request, roleArn } },
        form: { kind: 'metadata' },
        port: atPort,
      },
      { ...surroundings, stop: new AbortController().signal },
    )
  await t.rejects(serve('arn:aws:iam::111122223333:role/absent', 0), {
    message: /Role is not in the profile/,
  })
  await t.rejects(serve(session.request.roleArn, port), {
    message: `cannot listen on 127.0.0.1:${port} (EADDRINUSE); choose another --port`,
  })
})

t.test(
  'renewal is ahead of expiry; a service that is down is ridden out until then, and then it is 503',
  async (t) => {
    const { service, tokenPath, ask, clock, nextLine } = await setUp(t, 'container')
    const headers = { Authorization: readFileSync(tokenPath, 'utf8') }
    const first = await ask('/v1/credentials', headers)
    const renewed = nextLine()
    clock.advance(54 * MINUTE_MS)
    t.match(await renewed, /^a session until /)
    const second = await ask('/v1/credentials', headers)
    t.equal(second.status, 200)
    t.not(second.body, first.body)

    const down = { kind: 'status', status: 403, body: '{"message":"Trust anchor is disabled"}' } as const
    service.faults.push(down, down)
    const failed = nextLine()
    clock.advance(54 * MINUTE_MS)
    t.match(await failed, /^no new session: CreateSession fails: Trust anchor is disabled/)
    t.equal((await ask('/v1/credentials', headers)).body, second.body)
    clock.sleep(6 * MINUTE_MS)
    const late = await ask('/v1/credentials', headers)
    t.equal(late.status, 503)
    t.match(JSON.parse(late.body), {
      code: 'CredentialsUnavailable',
      message: /Trust anchor is disabled.*check/,
    })

    clock.sleep(1000)
    const third = await ask('/v1/credentials', headers)
    t.equal(third.status, 200)
    t.equal(JSON.parse(third.body).AccessKeyId, service.issued.at(-1)?.accessKeyId)
    t.equal(service.received.length, 5)
  },
)

t.test('instance metadata: IMDSv2 as the helper serves it', async (t) => {
  const { service, variables, port, ask } = await setUp(t, 'metadata')
  t.strictSame(variables, [`AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:${port}/`])
  const ttl = (seconds: string) => ({ 'X-aws-ec2-metadata-token-ttl-seconds': seconds })
  const issued = await ask('/latest/api/token', ttl('60'), 'PUT')
  t.match(issued, { status: 200, headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' } })
  const token = { 'X-aws-ec2-metadata-token': issued.body }
  t.match(await ask('/latest/api/token/', {}, 'PUT'), {
    status: 200,
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' },
  })
  for (const seconds of ['0', '21601', '-1', 'x', '1.5', '1e3']) {
    t.equal((await ask('/latest/api/token', ttl(seconds), 'PUT')).status, 400, seconds)
  }
  t.equal(
    (await ask('/latest/api/token', { ...ttl('60'), 'X-Forwarded-For': '10.0.0.1' }, 'PUT')).status,
    400,
  )
  t.equal((await ask('/latest/api/token', ttl('60'))).status, 405)

  const roles = '/latest/meta-data/iam/security-credentials'
  for (const path of [roles, `${roles}/`])
    t.match(await ask(path, token), { status: 200, body: 'image-puller' })
  const reply = await ask(`${roles}/image-puller`, token)
  t.equal(reply.status, 200)
  const [session] = service.issued
  t.match(JSON.parse(reply.body), {
    AccessKeyId: session?.accessKeyId,
    SecretAccessKey: session?.secretAccessKey,
    Token: session?.sessionToken,
    Code: 'Success',
    Type: 'AWS-HMAC',
    Expiration: session?.expiration,
    LastUpdated: /^\d{4}-\d\d-\d\dT/,
  })
  t.match(Number(reply.headers['x-aws-ec2-metadata-token-ttl-seconds']), Number)
  t.equal((await ask(`${roles}/other`, token)).status, 404)
  t.equal((await ask('/latest/meta-data/', token)).status, 404)
  for (const path of [roles, `${roles}/image-puller`, '/anything']) {
    t.equal((await ask(path)).status, 401)
    t.equal((await ask(path, { 'X-aws-ec2-metadata-token': 'forged' })).status, 401)
  }
  t.equal((await ask(roles, token, 'PUT')).status, 405)
})

t.test('of more than 256 metadata tokens the oldest leave', async (t) => {
  const { ask } = await setUp(t, 'metadata')
  const role = (token: string) =>
    ask('/latest/meta-data/iam/security-credentials', { 'X-aws-ec2-metadata-token': token })
  const first = (await ask('/latest/api/token', {}, 'PUT')).body
  const second = (await ask('/latest/api/token', {}, 'PUT')).body
  for (let count = 2; count < 256; count++) await ask('/latest/api/token', {}, 'PUT')
  t.equal((await role(first)).status, 200)
  const last = (await ask('/latest/api/token', {}, 'PUT')).body
  t.equal((await role(first)).status, 401)
  t.equal((await role(second)).status, 200)
  t.equal((await role(last)).status, 200)
})

t.test(
  'the addresses of instance metadata are answered where a firewall leads them here, with --imds alone',
  async (t) => {
    const hosts = [
      '169.254.169.254',
      '169.254.169.254:80',
      '[fd00:ec2::254]',
      '[FD00:EC2::254]:80',
      'localhost',
      '[::1]:9911',
    ]
    const { ask } = await setUp(t, 'metadata')
    const put = (Host: string) => ask('/latest/api/token', { Host }, 'PUT')
    for (const host of hosts) t.equal((await put(host)).status, 200, host)
    for (const host of ['169.254.169.253', 'evil.example', '169.254.169.254.evil.example'])
      t.equal((await put(host)).status, 403, host)
    const container = await setUp(t, 'container')
    t.equal((await container.ask('/v1/credentials', { Host: '169.254.169.254' })).status, 403)
  },
)
