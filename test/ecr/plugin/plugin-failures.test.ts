import t, { type Test } from 'tap'
import {
  PASSWORD,
  type ServiceFault,
  type ServiceName,
  startEcrServer,
  writeStsError,
} from '../../support/ecr-server.ts'
import { buildEnvironment, runPluginOnce, writeRequest } from '../../support/plugin-run.ts'

const TOKEN = `eyJhbGciOiJSUzI1NiJ9.${'pod-token-'.repeat(20)}.c2lnbmF0dXJl`
const ROLE = 'arn:aws:iam::111122223333:role/puller'
const server = await startEcrServer()
t.teardown(() => server.close())
const ENV = { ...buildEnvironment(server), AWS_MAX_ATTEMPTS: '1' }
const LIMITS = { attemptMs: 30_000, totalMs: 45_000 }
const PRIVATE = {}
const PUBLIC = { image: 'public.ecr.aws/x' }
const WITH_TOKEN = {
  serviceAccountToken: TOKEN,
  serviceAccountAnnotations: { 'eks.amazonaws.com/ecr-role-arn': ROLE },
}

async function fail(request: string, run: { limits?: typeof LIMITS; env?: Record<string, string> } = {}) {
  const result = await runPluginOnce(request, { env: ENV, limits: LIMITS, ...run })
  if (result.kind === 'answered') throw new Error('it was answered')
  return result.reason
}

function checkLine(t: Pick<Test, 'notMatch' | 'ok'>, line: string) {
  t.notMatch(line, /[\n\r]|pod-token|eyJ|wJalr|Qx7Qx7/)
  t.ok(line.length <= 450, 'with the name of the program before it, at most 500 characters')
}

const json = (status: number, value: object): ServiceFault => ({
  kind: 'answer',
  status,
  body: JSON.stringify(value),
})
const rows: readonly (readonly [string, object, ServiceName, ServiceFault, RegExp])[] = [
  [
    'ECR denies',
    PRIVATE,
    'ecr',
    json(400, { __type: 'AccessDeniedException', message: `User: ${ROLE} is not authorized` }),
    /^ECR in eu-central-1 gives no authorization token: AccessDeniedException: User: arn:aws:iam::111122223333:role\/puller is not authorized \(HTTP 400\)$/,
  ],
  [
    'ECR Public denies',
    PUBLIC,
    'ecr-public',
    json(400, { __type: 'AccessDeniedException', message: 'no' }),
    /^ECR Public gives no authorization token: AccessDeniedException: no/,
  ],
  [
    'ECR throttles',
    PRIVATE,
    'ecr',
    json(400, { __type: 'ThrottlingException', message: 'Rate exceeded' }),
    /ThrottlingException: Rate exceeded/,
  ],
  [
    'ECR repeats secrets',
    PRIVATE,
    'ecr',
    json(400, {
      __type: 'ServerException',
      message: `${PASSWORD} wJalrXUtnFEMI/K7MDENG/bPxRfiCYtestsecret1`,
    }),
    /ServerException: \[redacted\] \[redacted\]/,
  ],
  [
    'ECR says very much',
    PRIVATE,
    'ecr',
    json(400, { __type: 'ServerException', message: 'line\n\u001b[31m'.repeat(500) }),
    /ServerException: line \[31mline.*…$/,
  ],
  [
    'ECR breaks',
    PRIVATE,
    'ecr',
    { kind: 'answer', status: 500, body: '<html>wJalr</html>', type: 'text/html' },
    /the answer cannot be read|HTTP 500/,
  ],
  [
    'ECR answers nonsense',
    PRIVATE,
    'ecr',
    { kind: 'answer', status: 200, body: `"${PASSWORD}` },
    /the answer cannot be read \(HTTP 200\)/,
  ],
  [
    'ECR answers HTML',
    PRIVATE,
    'ecr',
    { kind: 'answer', status: 200, body: '<html>wJalr</html>' },
    /the answer cannot be read \(HTTP 200\)/,
  ],
  [
    'ECR answers null',
    PRIVATE,
    'ecr',
    { kind: 'answer', status: 200, body: 'null' },
    /no authorization data|cannot be read/,
  ],
  [
    'ECR answers no list',
    PRIVATE,
    'ecr',
    json(200, { authorizationData: 5 }),
    /no authorization data|cannot be read/,
  ],
  [
    'ECR answers an empty list',
    PRIVATE,
    'ecr',
    json(200, { authorizationData: [] }),
    /^ECR answers with no authorization data$/,
  ],
  [
    'ECR Public answers nothing',
    PUBLIC,
    'ecr-public',
    json(200, {}),
    /^ECR answers with no authorization data$/,
  ],
  [
    'ECR hangs up',
    PRIVATE,
    'ecr',
    { kind: 'reset' },
    /cannot reach 127\.0\.0\.1:\d+: the connection was cut \(ECONNRESET\); check the network/,
  ],
  [
    'STS denies',
    WITH_TOKEN,
    'sts',
    { kind: 'answer', status: 403, type: 'text/xml', body: writeStsError('AccessDenied', 'Not authorized') },
    /^failed to assume role: AccessDenied: Not authorized \(HTTP 403\)$/,
  ],
  [
    'STS throttles',
    WITH_TOKEN,
    'sts',
    { kind: 'answer', status: 400, type: 'text/xml', body: writeStsError('Throttling', 'Rate exceeded') },
    /^failed to assume role: Throttling: Rate exceeded/,
  ],
  [
    'STS answers nonsense',
    WITH_TOKEN,
    'sts',
    { kind: 'answer', status: 200, type: 'text/xml', body: `<html><${TOKEN}` },
    /^failed to assume role: /,
  ],
  [
    'STS answers nothing',
    WITH_TOKEN,
    'sts',
    {
      kind: 'answer',
      status: 200,
      type: 'text/xml',
      body: '<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>',
    },
    /^failed to assume role: STS answers without credentials$/,
  ],
  [
    'STS hangs up',
    WITH_TOKEN,
    'sts',
    { kind: 'reset' },
    /^failed to assume role: cannot reach 127\.0\.0\.1:\d+: the connection was cut \(ECONNRESET\)/,
  ],
]
for (const [name, changes, service, fault, expected] of rows) {
  t.test(name, async (t) => {
    server.faults[service].push(fault)
    const line = await fail(writeRequest(changes as Record<string, unknown>))
    t.match(line, expected)
    checkLine(t, line)
  })
}

t.test('STS repeats the token in its error, and the line does not', async (t) => {
  const line = await fail(writeRequest(WITH_TOKEN))
  t.match(
    line,
    /^failed to assume role: InvalidIdentityToken: The token \[redacted\] is not valid \(HTTP 400\)$/,
  )
  checkLine(t, line)
})

t.test('throttling that ends is waited out', async (t) => {
  server.faults.ecr.push(json(400, { __type: 'ThrottlingException', message: 'Rate exceeded' }))
  const env = { ...ENV, AWS_MAX_ATTEMPTS: '2' }
  const before = server.requestCount
  t.match(await runPluginOnce(writeRequest(), { env }), { kind: 'answered' })
  t.equal(server.requestCount - before, 2)
})

t.test('a request that hangs is given up, and told', async (t) => {
  server.faults.ecr.push({ kind: 'hang' })
  const line = await fail(writeRequest(), { limits: { attemptMs: 50, totalMs: 45_000 } })
  t.match(
    line,
    /^ECR in eu-central-1 gives no authorization token: cannot reach 127\.0\.0\.1:\d+: no answer within 0\.05 s$/,
  )
})

t.test('when all takes too long, the line says what was tried', async (t) => {
  server.faults.ecr.push({ kind: 'hang' })
  t.match(
    await fail(writeRequest(), { limits: { attemptMs: 30_000, totalMs: 500 } }),
    /^no credentials within 0\.5 s, while asking ECR in eu-central-1 for an authorization token \(127\.0\.0\.1:\d+: no answer yet\)$/,
  )
  server.faults.sts.push({ kind: 'hang' })
  const line = await fail(writeRequest(WITH_TOKEN), { limits: { attemptMs: 30_000, totalMs: 500 } })
  t.match(
    line,
    /^no credentials within 0\.5 s, while taking the role arn:aws:iam::111122223333:role\/puller with the pod's token/,
  )
  checkLine(t, line)
})

t.test('a stdin that does not end is given up', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stdin = (async function* () {
    yield '{'
    await promise
  })()
  const result = await runPluginOnce('', { env: ENV, stdin, limits: { attemptMs: 10, totalMs: 10 } })
  resolve()
  t.same(result, {
    kind: 'failed',
    reason: 'no credentials within 0.01 s, while reading the request on stdin',
  })
})

t.test('a request without end is not read to it', async (t) => {
  const stdin = (async function* () {
    for (;;) yield Buffer.alloc(65_536, 0x20)
  })()
  t.match(await runPluginOnce('', { env: ENV, stdin, limits: LIMITS }), {
    kind: 'failed',
    reason: 'the request on stdin is over 1048576 characters',
  })
})

t.test('bad requests are refused, and nobody is asked', async (t) => {
  const before = server.requestCount
  for (const [request, expected] of [
    ['', /no request on stdin/],
    [`{"serviceAccountToken":"${TOKEN}",}`, /^the request on stdin is no JSON$/],
    [writeRequest({ kind: TOKEN, serviceAccountToken: TOKEN }), /unsupported kind a token, \d+ characters;/],
    [writeRequest({ apiVersion: 'v1' }), /unsupported group/],
    [writeRequest({ image: '' }), /^image in plugin request was empty$/],
    [writeRequest({ image: 'a b/c' }), /spaces or control characters/],
  ] as const) {
    const line = await fail(request)
    t.match(line, expected)
    checkLine(t, line)
  }
  t.equal(server.requestCount, before)
})
