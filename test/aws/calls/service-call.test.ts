import t from 'tap'
import { callService } from '../../../src/aws/calls/service-call.ts'
import { readJsonReply } from '../../../src/aws/calls/service-reply.ts'
import { createTrail } from '../../../src/aws/calls/trail.ts'
import { type ServiceFault, STATIC_CREDENTIALS, startEcrServer } from '../../support/ecr-server.ts'
import { listenOnLoopback } from '../../support/loopback-listener.ts'

const server = await startEcrServer()
t.teardown(() => server.close())
const PLAIN = { isFips: false, isDualStack: false }

function call({
  env = {},
  endpoint = server.url,
  now = () => new Date(),
  signal = new AbortController().signal,
}: {
  readonly env?: Readonly<Record<string, string>>
  readonly endpoint?: string
  readonly now?: () => Date
  readonly signal?: AbortSignal
} = {}) {
  const files = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' }
  return callService(
    {
      service: 'ECR',
      place: { region: 'eu-central-1', variant: PLAIN },
      signer: { credentials: STATIC_CREDENTIALS, service: 'ecr' },
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
      },
      body: '{}',
      readAnswer: readJsonReply,
    },
    {
      env: { ...files, AWS_ENDPOINT_URL: endpoint, ...env },
      trail: createTrail(),
      signal,
      attemptMs: 30_000,
      now,
      userAgent: 'test/1',
    },
  )
}

const answer = (status: number, type: string): ServiceFault => ({
  kind: 'answer',
  status,
  body: JSON.stringify({ __type: type, message: 'x' }),
})

async function countRequests(run: () => Promise<unknown>): Promise<readonly [string, number]> {
  const before = server.requestCount
  const outcome = await run().then(
    () => 'answered',
    (error: Error) => error.message,
  )
  return [outcome, server.requestCount - before]
}

t.test('what may pass is tried again, three times in all', async (t) => {
  const faults: readonly ServiceFault[] = [
    { kind: 'reset' },
    answer(500, 'ServerException'),
    { kind: 'answer', status: 503, body: '<html>', type: 'text/html' },
    answer(400, 'RequestTimeoutException'),
  ]
  for (const fault of faults) {
    server.faults.ecr.push(fault, fault)
    t.same(await countRequests(call), ['answered', 3], JSON.stringify(fault))
    server.faults.ecr.push(fault, fault, fault)
    const [outcome, count] = await countRequests(call)
    t.equal(count, 3)
    t.not(outcome, 'answered')
  }
})

t.test('AWS_MAX_ATTEMPTS says how often', async (t) => {
  for (const attempts of [1, 2]) {
    server.faults.ecr.push(...Array(attempts).fill(answer(500, 'ServerException')))
    const run = () => call({ env: { AWS_MAX_ATTEMPTS: String(attempts) } })
    t.same(await countRequests(run), ['ServerException: x (HTTP 500)', attempts])
  }
})

t.test('what cannot pass is not tried again', async (t) => {
  for (const fault of [
    answer(400, 'AccessDeniedException'),
    answer(403, 'InvalidSignatureException'),
    answer(501, 'NotImplemented'),
    { kind: 'answer', status: 200, body: '<html>' },
  ] satisfies ServiceFault[]) {
    server.faults.ecr.push(fault)
    const [outcome, count] = await countRequests(call)
    t.equal(count, 1, outcome)
    t.not(outcome, 'answered')
  }
})

t.test('where nothing listens is tried again', async (t) => {
  const { url, port, close } = await listenOnLoopback(() => {}, undefined)
  await close()
  await t.rejects(call({ endpoint: url }), {
    message: `cannot reach 127.0.0.1:${port}: nothing listens there (ECONNREFUSED); check AWS_ENDPOINT_URL and HTTPS_PROXY`,
  })
})

t.test("a clock that is wrong is set by AWS's, and the request signed anew", async (t) => {
  const aYearAgo = () => new Date(Date.now() - 365 * 86_400_000)
  const dates: string[] = []
  const awsLike = await listenOnLoopback((request, response) => {
    const date = String(request.headers['x-amz-date'])
    dates.push(date)
    const isNow = date.startsWith(new Date().toISOString().slice(0, 10).replaceAll('-', ''))
    response.statusCode = isNow ? 200 : 400
    response.end(JSON.stringify(isNow ? {} : { __type: 'InvalidSignatureException', message: 'expired' }))
  }, undefined)
  t.teardown(() => awsLike.close())
  await call({ endpoint: awsLike.url, now: aYearAgo })
  t.equal(dates.length, 2)
})

t.test('an abort ends the wait for the next attempt', async (t) => {
  const controller = new AbortController()
  const slow = await listenOnLoopback((_, response) => {
    response.writeHead(503, { 'Retry-After': '5' }).end('{}')
    response.once('close', () => setImmediate(() => controller.abort()))
  }, undefined)
  t.teardown(() => slow.close())
  await t.rejects(call({ endpoint: slow.url, signal: controller.signal }))
})
