import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createSession, type SessionSurroundings } from '../../src/roles-anywhere/create-session.ts'
import { RolesAnywhereError } from '../../src/roles-anywhere/roles-anywhere-error.ts'
import type { SessionRequest } from '../../src/roles-anywhere/session-target.ts'
import { createAuthority, type KeyKind } from '../support/certificate-authority.ts'
import { type Fault, startRolesAnywhereServer } from '../support/roles-anywhere-server.ts'
import { buildSessionOptions } from '../support/session-options.ts'

const authority = await createAuthority()
const node = await authority.issue({ name: 'O=system:nodes, CN=system:node:one' })
const certificatePath = join(t.testdir({ 'node.pem': node.certificate + node.key }), 'node.pem')

const surround = (env: Record<string, string> = {}, more: Partial<SessionSurroundings> = {}) => ({
  env,
  now: () => new Date(),
  ...more,
})

/** A server for one test, and what asks it. */
async function setUp(t: Test, options: Parameters<typeof startRolesAnywhereServer>[1] = {}) {
  const server = await startRolesAnywhereServer([authority.certificate], options)
  t.teardown(() => server.close())
  const ask = (request: Partial<SessionRequest> = {}, surroundings = surround()) =>
    createSession(buildSessionOptions(certificatePath, { endpoint: server.url, ...request }), surroundings)
  return { server, ask }
}

for (const keyKind of ['ec', 'ec-p384', 'rsa'] satisfies KeyKind[]) {
  t.test(`the service accepts a ${keyKind} key, with a serial of 20 bytes and an intermediate`, async (t) => {
    const { server } = await setUp(t)
    const intermediate = await authority.issue({ name: 'CN=Intermediate', isAuthority: true, keyKind: 'rsa' })
    const leaf = await intermediate.issue({
      name: 'CN=leaf',
      keyKind,
      serialNumber: `00f0${'ab'.repeat(18)}`,
    })
    const folder = t.testdir({ 'leaf.pem': leaf.certificate + intermediate.certificate + leaf.key })
    const options = buildSessionOptions(join(folder, 'leaf.pem'), {
      endpoint: server.url,
      roleSessionName: 'node-1',
    })
    const session = await createSession(options, surround())
    t.strictSame(server.refusals, [])
    t.match(session, { ...server.issued[0], expiresAt: new Date(server.issued[0]?.expiration ?? '') })
    t.equal(server.received[0]?.body, '{"durationSeconds":3600,"roleSessionName":"node-1"}')
  })
}

t.test(
  'without its intermediate, a certificate is refused by the service, once, with what to check',
  async (t) => {
    const { server } = await setUp(t)
    const intermediate = await authority.issue({ name: 'CN=Intermediate', isAuthority: true })
    const leaf = await intermediate.issue({ name: 'CN=leaf' })
    const folder = t.testdir({ 'leaf.pem': leaf.certificate + leaf.key })
    await t.rejects(
      createSession(buildSessionOptions(join(folder, 'leaf.pem'), { endpoint: server.url }), surround()),
      {
        name: 'RolesAnywhereError',
        message:
          /^CreateSession fails: AccessDeniedException: Untrusted signing certificate \(HTTP 403, request 1{8}-[\d-]+\); check that the trust anchor's CA issued the certificate, that --intermediates .*CA:TRUE$/,
      },
    )
    t.equal(server.received.length, 1)
  },
)

t.test('refusals name what to check', async (t) => {
  const { ask } = await setUp(t, { now: () => new Date(Date.now() + 600_000) })
  await t.rejects(ask(), { message: /Signature expired.*check this machine's clock/ })
  const { ask: askRightly } = await setUp(t)
  await t.rejects(askRightly({ roleArn: 'arn:aws:iam::111122223333:role/absent' }), {
    message: /check that the profile is enabled and lists the role$/,
  })
  const messages: [string, RegExp][] = [
    ['Trust anchor is disabled', /check that trust anchor and profile are enabled$/],
    ['Untrusted certificate. Insufficient certificate', /check that the certificate is of X\.509 version 3/],
    ['Untrusted certificate. Revoked certificate', /revocation list/],
    [
      'Unable to assume role for arn:aws:iam::1:role/x',
      /trust policy lets rolesanywhere\.amazonaws\.com do sts:AssumeRole/,
    ],
    [
      'Forbidden',
      /check this machine's clock, that trust anchor and profile are enabled, that the trust anchor's CA/,
    ],
  ]
  for (const [message, expected] of messages) {
    const { server, ask } = await setUp(t)
    server.faults.push({
      kind: 'status',
      status: 403,
      body: JSON.stringify({ __type: 'x#AccessDeniedException', message }),
    })
    await t.rejects(ask(), { message: expected }, message)
  }
})

t.test('5xx, 429 and broken connections are tried again, signed anew', async (t) => {
  const faults: Fault[] = [
    { kind: 'status', status: 503 },
    { kind: 'status', status: 429, body: '{"message":"slow down"}' },
    { kind: 'reset' },
    { kind: 'half' },
  ]
  for (const fault of faults) {
    const { server, ask } = await setUp(t)
    server.faults.push(fault)
    let seconds = 0
    const now = () => new Date(Date.now() + 1000 * seconds++)
    t.ok(await ask({}, surround({}, { now })), JSON.stringify(fault))
    const dates = server.received.map(({ rawHeaders }) => rawHeaders[rawHeaders.indexOf('X-Amz-Date') + 1])
    t.equal(new Set(dates).size, 2)
  }
})

t.test('after three attempts it gives up, with the last cause', async (t) => {
  const { server, ask } = await setUp(t)
  server.faults.push(
    ...Array.from({ length: 9 }, () => ({ kind: 'status', status: 500, body: '<html>' }) as const),
  )
  await t.rejects(ask(), { message: 'CreateSession fails (HTTP 500); try again later' })
  t.equal(server.received.length, 3)
})

t.test('a server that hangs is given up, each attempt and all together', async (t) => {
  const hang: Fault = { kind: 'hang' }
  const limits = (attemptMs: number, totalMs: number) =>
    surround({}, { limits: { attempts: 3, attemptMs, totalMs } })
  const each = await setUp(t)
  each.server.faults.push(hang, hang, hang, hang)
  await t.rejects(each.ask({}, limits(50, 60_000)), {
    message: /^cannot reach 127\.0\.0\.1:\d+: it does not answer in time/,
  })
  t.equal(each.server.received.length, 3)
  const all = await setUp(t)
  all.server.faults.push(hang, hang, hang, hang)
  await t.rejects(all.ask({}, limits(60_000, 50)), { message: /it does not answer in time/ })
  t.equal(all.server.received.length, 1)
})

t.test(
  'redirects, nonsense and credentials that are incomplete or expired are refused at once',
  async (t) => {
    const complete = {
      accessKeyId: 'AKID',
      secretAccessKey: 'SECRETVALUE',
      sessionToken: 'T',
      expiration: '2999-01-01T00:00:00Z',
    }
    const reply = (credentials: unknown) => JSON.stringify({ credentialSet: [{ credentials }] })
    const cases: [Fault, RegExp][] = [
      [
        { kind: 'status', status: 307, headers: { Location: 'http://127.0.0.1:1/' } },
        /is redirected \(HTTP 307\).*--endpoint$/,
      ],
      [{ kind: 'status', status: 200, body: 'hello' }, /holds no credentials; check --endpoint$/],
      [{ kind: 'status', status: 201, body: 'null' }, /holds no credentials/],
      [{ kind: 'status', status: 201, body: '{"credentialSet":[]}' }, /holds no credentials/],
      [{ kind: 'status', status: 201, body: reply('text') }, /lacks credentials\.accessKeyId/],
      [
        { kind: 'status', status: 201, body: reply({ ...complete, accessKeyId: 7 }) },
        /lacks credentials\.accessKeyId/,
      ],
      [
        { kind: 'status', status: 201, body: reply({ ...complete, secretAccessKey: '' }) },
        /lacks credentials\.secretAccessKey/,
      ],
      [
        { kind: 'status', status: 201, body: reply({ ...complete, sessionToken: undefined }) },
        /lacks credentials\.sessionToken/,
      ],
      [
        { kind: 'status', status: 201, body: reply({ ...complete, expiration: 'soon' }) },
        /expiration that is no time/,
      ],
      [
        { kind: 'status', status: 201, body: reply({ ...complete, expiration: '2020-01-01T00:00:00Z' }) },
        /expired at 2020.*clock$/,
      ],
      [{ kind: 'status', status: 400, body: '[1]' }, /^CreateSession fails \(HTTP 400\); check/],
    ]
    for (const [fault, message] of cases) {
      const { server, ask } = await setUp(t)
      server.faults.push(fault)
      const error = await ask().catch((caught: Error) => caught)
      t.ok(error instanceof RolesAnywhereError)
      t.match((error as Error).message, message)
      t.notMatch((error as Error).message, /SECRETVALUE|\n/)
      t.equal(server.received.length, 1)
    }
  },
)

t.test('a reply without end is cut off', async (t) => {
  const { server, ask } = await setUp(t)
  server.faults.push({ kind: 'flood' }, { kind: 'flood' }, { kind: 'flood' })
  await t.rejects(ask(), { message: /the reply is over 1048576 bytes/ })
})

t.test('a certificate and key that have been rotated are used at once', async (t) => {
  const { server } = await setUp(t)
  const folder = t.testdir({ 'node.pem': node.certificate + node.key })
  const path = join(folder, 'node.pem')
  const options = buildSessionOptions(path, { endpoint: server.url })
  await createSession(options, surround())
  const next = await authority.issue({ name: 'CN=next', serialNumber: '4d' })
  t.testdir({ 'node.pem': next.certificate + next.key })
  await createSession(options, surround())
  t.match(
    server.received.at(-1)?.rawHeaders.find((text) => text.startsWith('AWS4')),
    / Credential=77\//,
  )
})

t.test('debug lines tell the steps and no secret', async (t) => {
  const { server, ask } = await setUp(t)
  const lines: string[] = []
  await ask({}, surround({}, { debug: (line) => lines.push(line) }))
  t.match(lines, [
    /^certificate with serial number \d+ and 0 intermediates$/,
    /^POST http.* in eu-central-1$/,
    'attempt 1: a session',
  ])
  for (const secret of [server.issued[0]?.secretAccessKey, server.issued[0]?.sessionToken])
    t.notOk(lines.join().includes(secret ?? ''))
})
