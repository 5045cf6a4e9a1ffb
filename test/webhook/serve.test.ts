import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { ensureDevelopmentCertificates } from '../../src/webhook/certificates/development-certificates.ts'
import { podOf, reviewOf } from '../support/admission-review.ts'
import { FakeApiServer } from '../support/fake-api-server.ts'
import { openTls } from '../support/https-client.ts'
import { ROLE_ARN } from '../support/mutation-settings.ts'
import { send, startWebhookProcess } from '../support/webhook-process.ts'

function accountManifest(roleArn: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'cart', namespace: 'shop', annotations: { 'eks.amazonaws.com/role-arn': roleArn } },
  })
}

const BAD_MANIFEST = 'kind: ServiceAccount\nmetadata: ['

/** A folder with certificates and a manifest, and the flags that serve it. */
async function prepare(t: Test, manifest = accountManifest(ROLE_ARN)) {
  const folder = t.testdir({ certs: {}, 'accounts.yaml': manifest, 'bad.yaml': BAD_MANIFEST })
  await ensureDevelopmentCertificates(`${folder}/certs`, new Date())
  const flags = [
    'serve',
    '--in-cluster=false',
    `--tls-cert=${folder}/certs/tls.crt`,
    `--tls-key=${folder}/certs/tls.key`,
    `--manifests=${folder}/accounts.yaml`,
    '--port=0',
    '--metrics-port=0',
    '--shutdown-delay=0s',
    '--log-level=debug',
  ]
  return { folder, flags, manifestPath: `${folder}/accounts.yaml`, caPath: `${folder}/certs/ca.crt` }
}

async function serve(t: Test, flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const webhook = startWebhookProcess(flags, env)
  t.teardown(() => webhook.child.kill('SIGKILL'))
  const { port, metricsPort } = await webhook.waitForLine((line) => line.msg === 'listening')
  await webhook.waitForLine((line) => line.msg === 'ready')
  const readMetrics = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return { ...webhook, port: Number(port), readMetrics }
}

const JSON_TYPE = { 'content-type': 'application/json' }

function review(pod: unknown = podOf()): string {
  return JSON.stringify(reviewOf(pod))
}

t.test(
  'a pod is answered, logged in one line and counted, and SIGTERM ends the process with 0',
  async (t) => {
    const { flags, caPath } = await prepare(t)
    const webhook = await serve(t, flags)
    const target = { port: webhook.port, caPath }
    t.equal((await send(target, { path: '/readyz' })).statusCode, 200)
    const { body } = await send(target, {
      path: '/mutate',
      method: 'POST',
      headers: JSON_TYPE,
      body: review(),
    })
    t.equal(JSON.parse(body).response.patchType, 'JSONPatch')

    await webhook.waitForLine((line) => line['uid'] !== undefined)
    const logged = webhook.lines.filter((line) => line['uid'] !== undefined)
    t.match(logged, [
      {
        level: 'info',
        namespace: 'shop',
        pod: 'cart-7d4b9c6f5-',
        serviceAccount: 'cart',
        outcome: 'mutated',
        reason: 'role_annotation',
        method: 'web_identity',
        roleArn: ROLE_ARN,
        dryRun: false,
        durationMs: Number,
      },
    ])
    t.equal(logged.length, 1)
    const metrics = await webhook.readMetrics()
    for (const series of [
      'pod_identity_webhook_decisions_total{outcome="mutated",reason="role_annotation",method="web_identity"} 1',
      'pod_identity_webhook_request_duration_seconds_count{outcome="mutated"} 1',
      'pod_identity_webhook_pod_count{method="sts_web_identity"} 1',
      'http_request_count{verb="POST",path="/mutate",code="200"} 1',
      'pod_identity_webhook_ready 1',
      'process_cpu_user_seconds_total',
    ]) {
      t.ok(metrics.includes(series), series)
    }
    t.notMatch(metrics, /shop|cart-7d4b/, 'no names in labels')

    webhook.child.kill('SIGTERM')
    t.strictSame(await webhook.ended, { code: 0, errors: '' })
  },
)

t.test(
  'what cannot be answered gets one line of reason, one log line without the body, one count',
  async (t) => {
    const { flags, caPath } = await prepare(t)
    const webhook = await serve(t, flags)
    const target = { port: webhook.port, caPath }
    const secret = 'hunter2-secret'
    const withEnv = { containers: [{ name: 'app', env: { PASSWORD: secret } }] }
    const cases: readonly {
      readonly name: string
      readonly body: string
      readonly headers?: Record<string, string>
      readonly statusCode: number
      readonly reason: string
    }[] = [
      { name: 'not JSON', body: `{"password": ${secret}`, statusCode: 400, reason: 'body_unreadable' },
      { name: 'empty', body: '', statusCode: 400, reason: 'body_unreadable' },
      {
        name: 'another content type',
        body: secret,
        headers: { 'content-type': 'text/plain' },
        statusCode: 415,
        reason: 'wrong_content_type',
      },
      {
        name: 'over 7 MiB',
        body: JSON.stringify({ secret, x: 'x'.repeat(7 * 1024 * 1024) }),
        statusCode: 413,
        reason: 'body_too_large',
      },
      {
        name: 'another kind',
        body: JSON.stringify({ kind: secret }),
        statusCode: 400,
        reason: 'review_invalid',
      },
      {
        name: 'a pod of wrong types',
        body: review(podOf(withEnv)),
        statusCode: 400,
        reason: 'pod_malformed',
      },
      {
        name: 'deep nesting',
        body: `{"kind":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
        statusCode: 400,
        reason: 'review_invalid',
      },
    ]
    const lineCount = webhook.lines.length
    for (const { name, body, headers = JSON_TYPE, statusCode } of cases) {
      const answer = await send(target, { path: '/mutate', method: 'POST', headers, body })
      t.equal(answer.statusCode, statusCode, name)
      t.match(answer.body, /^[^\n]+\n$/, `${name}: one line`)
      t.notMatch(answer.body, secret, `${name}: nothing of the body`)
    }
    const good = await send(target, { path: '/mutate', method: 'POST', headers: JSON_TYPE, body: review() })
    t.equal(good.statusCode, 200, 'the server goes on')
    await webhook.waitForLine((line) => line['reason'] === 'role_annotation')
    t.strictSame(
      webhook.lines.slice(lineCount).flatMap((line) => line['reason'] ?? []),
      [...cases.map(({ reason }) => reason), 'role_annotation'],
      'one log line each',
    )
    t.notMatch(JSON.stringify(webhook.lines), secret, 'no body in the log')
    const metrics = await webhook.readMetrics()
    t.match(metrics, /decisions_total\{outcome="failed",reason="body_unreadable",method="none"\} 2/)
    t.notMatch(metrics, secret)
  },
)

t.test('manifests are read again when they change; broken ones leave the last good state', async (t) => {
  const { flags, caPath, manifestPath } = await prepare(t)
  const webhook = await serve(t, flags)
  const target = { port: webhook.port, caPath }
  const roleOf = async () => {
    const { body } = await send(target, {
      path: '/mutate',
      method: 'POST',
      headers: JSON_TYPE,
      body: review(),
    })
    return JSON.parse(body).response.auditAnnotations['role-arn']
  }
  const count = (msg: string) => webhook.lines.filter((line) => line.msg === msg).length

  const newRole = 'arn:aws:iam::111122223333:role/new'
  writeFileSync(manifestPath, accountManifest(newRole))
  await webhook.waitForLine((line) => line.msg === 'manifests read' && count('manifests read') === 2)
  t.equal(await roleOf(), newRole)

  writeFileSync(manifestPath, BAD_MANIFEST)
  const refused = await webhook.waitForLine((line) => line['level'] === 'error')
  t.match(refused['problem'], /accounts\.yaml:2: /)
  t.equal(await roleOf(), newRole, 'the last good state stays')
})

t.test('in a cluster it makes its certificate, has it trusted, and is ready only then', async (t) => {
  const apiServer = await FakeApiServer.start()
  t.teardown(() => apiServer.close())
  const service = { name: 'pod-identity-webhook', namespace: 'eks' }
  apiServer.put('mutatingwebhookconfigurations', {
    namespace: '',
    name: 'pod-identity-webhook',
    fields: { webhooks: [{ name: 'ours', clientConfig: { service } }] },
  })
  let isAway: boolean = true
  const away = { kind: 'status', status: 500, reason: 'InternalError' } as const
  apiServer.intercept = ({ path }) => (isAway && path.includes('secrets') ? away : undefined)
  const cluster = {
    server: apiServer.url,
    'certificate-authority-data': Buffer.from(apiServer.ca).toString('base64'),
  }
  const kubeconfig = {
    clusters: [{ name: 'a', cluster }],
    users: [{ name: 'a', user: {} }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    'current-context': 'a',
  }
  const folder = t.testdir({ kubeconfig: JSON.stringify(kubeconfig) })
  const flags = [
    'serve',
    '--port=0',
    '--metrics-port=0',
    '--shutdown-delay=0s',
    `--kubeconfig=${folder}/kubeconfig`,
  ]
  const webhook = startWebhookProcess(flags)
  t.teardown(() => webhook.child.kill('SIGKILL'))
  const { port } = await webhook.waitForLine(({ msg }) => msg === 'listening')
  const { error } = await webhook.waitForLine(({ msg }) => /certificates cannot be looked after/.test(msg))
  t.equal(error, 'cannot get Secret eks/pod-identity-webhook: the API server answered 500 InternalError')
  isAway = false
  await webhook.waitForLine(({ msg }) => msg === 'ready')

  const configuration = apiServer.find('mutatingwebhookconfigurations', '', 'pod-identity-webhook')
  const [, caBundle = ''] = /"caBundle":"([^"]+)"/.exec(JSON.stringify(configuration)) ?? []
  const ca = Buffer.from(caBundle, 'base64').toString()
  const socket = await openTls(Number(port), { ca, servername: 'pod-identity-webhook.eks.svc' })
  t.ok(socket.authorized)
  socket.destroy()
  webhook.child.kill('SIGTERM')
  t.strictSame(await webhook.ended, { code: 0, errors: '' })
})

t.test('what waiting does not mend ends the start with one line', async (t) => {
  const { flags, folder } = await prepare(t)
  const busy = createServer().listen(0)
  await once(busy, 'listening')
  t.teardown(() => busy.close())
  const busyPort = (busy.address() as AddressInfo).port
  const cases: readonly [string, readonly string[], number, RegExp][] = [
    [
      'a bad manifest',
      [...flags, `--manifests=${folder}/bad.yaml`],
      1,
      /^pod-identity-webhook: .*bad\.yaml:2: .+\n$/,
    ],
    ['no manifest', [...flags, '--manifests=nowhere.yaml'], 1, /^pod-identity-webhook: nowhere\.yaml: .+\n$/],
    [
      'a port in use',
      flags.map((flag) => (flag === '--port=0' ? `--port=${busyPort}` : flag)),
      1,
      new RegExp(`^pod-identity-webhook: .*${busyPort}.*\\n$`),
    ],
    [
      'an unknown cipher suite',
      [...flags, '--tls-cipher-suites=NULL'],
      2,
      /^pod-identity-webhook: --tls-cipher-suites: "NULL" is not one of .+\n$/,
    ],
    [
      'an unknown flag',
      [...flags, '--manifest=x'],
      2,
      /^pod-identity-webhook: .*--manifest\b.*--manifests.*\n$/,
    ],
    [
      'composed ARNs off EC2',
      [...flags, '--compose-role-arn'],
      1,
      /^pod-identity-webhook: --compose-role-arn: .* give --aws-account-id and --aws-partition, or run on EC2\n$/,
    ],
  ]
  for (const [name, caseFlags, code, line] of cases) {
    const webhook = startWebhookProcess(caseFlags, {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9',
    })
    t.teardown(() => webhook.child.kill('SIGKILL'))
    const ended = await webhook.ended
    t.equal(ended.code, code, name)
    t.match(ended.errors, line, name)
  }
})

t.test(
  'account and partition of composed ARNs come from EC2 instance metadata where they are not given',
  async (t) => {
    const { flags, caPath } = await prepare(t, accountManifest('team/reader'))
    const metadata = createServer((request, response) => {
      const pages: Readonly<Record<string, string>> = {
        'PUT /latest/api/token': 'token-of-the-metadata-service',
        'GET /latest/dynamic/instance-identity/document': JSON.stringify({ accountId: '444455556666' }),
        'GET /latest/meta-data/services/partition': 'aws-cn',
      }
      const page = pages[`${request.method} ${request.url}`]
      const isAllowed = request.method === 'PUT' || request.headers['x-aws-ec2-metadata-token'] !== undefined
      response.writeHead(page === undefined ? 404 : isAllowed ? 200 : 401).end(page)
    }).listen(0, '127.0.0.1')
    await once(metadata, 'listening')
    t.teardown(() => metadata.close())
    const endpoint = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`
    const webhook = await serve(t, [...flags, '--compose-role-arn'], {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint,
    })
    const target = { port: webhook.port, caPath }
    const { body } = await send(target, {
      path: '/mutate',
      method: 'POST',
      headers: JSON_TYPE,
      body: review(),
    })
    t.equal(
      JSON.parse(body).response.auditAnnotations['role-arn'],
      'arn:aws-cn:iam::444455556666:role/team/reader',
    )
  },
)

t.test('without any source of ServiceAccounts it says how to try it', async (t) => {
  const webhook = startWebhookProcess(['serve', '--port=0', '--metrics-port=0'], { HOME: t.testdir({}) })
  t.teardown(() => webhook.child.kill('SIGKILL'))
  t.match(await webhook.ended, {
    code: 1,
    errors: /^pod-identity-webhook: no API server is known: .*--manifests deploy\/examples to try it.*\n$/,
  })
})
