import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startWebhookProcess } from '../../support/webhook-process.ts'
import { startOpenIdCluster } from '../support/openid-cluster.ts'
import { EC, RSA } from '../support/signing-keys.ts'
import { SmallS3 } from '../support/small-s3.ts'

async function startSync(t: Test, ...flags: readonly string[]) {
  const s3 = await SmallS3.start()
  t.teardown(() => s3.close())
  const cluster = await startOpenIdCluster(t, [RSA])
  const sync = startWebhookProcess(
    [
      ...['oidc', 'sync', '--bucket=issuers', '--region=eu-central-1', '--metrics-port=0'],
      ...['--interval=10ms', `--kubeconfig=${cluster.kubeconfigPath}`, ...flags],
    ],
    s3.environment,
  )
  // A test file that runs into its time limit ends without teardown.
  const kill = () => sync.child.kill('SIGKILL')
  process.once('exit', kill)
  t.teardown(() => {
    process.off('exit', kill)
    kill()
  })
  const port = async () => (await sync.waitForLine(({ msg }) => msg === 'listening'))['metricsPort'] as number
  return { s3, cluster, sync, port }
}

function get(port: number, path: string, method = 'GET') {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
      .on('error', reject)
      .end()
  })
}

function publishedKids(s3: SmallS3): readonly string[] {
  const { keys } = JSON.parse(s3.read('issuers', 'keys.json').body)
  return keys.map(({ kid }: { kid: string }) => kid)
}

t.test('it publishes at once, again when the keys change, and ends at SIGTERM', async (t) => {
  const { s3, cluster, sync } = await startSync(t, '--retire-after=1s')
  await sync.waitForLine(({ msg }) => msg === 'published what the cluster has')
  t.strictSame(publishedKids(s3), [RSA.kid])
  cluster.setKeys([EC, RSA])
  await sync.waitForLine(({ detail }) => detail === `key ${EC.kid} added`)
  t.strictSame(publishedKids(s3), [EC.kid, RSA.kid])
  cluster.setKeys([EC])
  await sync.waitForLine(({ detail }) => detail === `key ${RSA.kid} retiring`)
  t.strictSame(publishedKids(s3), [EC.kid, RSA.kid])
  await sync.waitForLine(({ detail }) => detail === `key ${RSA.kid} removed`)
  t.strictSame(publishedKids(s3), [EC.kid])
  sync.child.kill('SIGTERM')
  t.match(await sync.ended, { code: 0, errors: '' })
  t.equal(sync.lines.at(-1)?.msg, 'ending')
})

t.test('probes and metrics tell how it is', async (t) => {
  const { s3, sync, port } = await startSync(t)
  s3.intercept = ({ bucket }) =>
    bucket === 'issuers' ? { kind: 'error', status: 403, code: 'InvalidAccessKeyId' } : undefined
  await sync.waitForLine(({ msg }) => msg === 'could not publish; trying again')
  const at = await port()
  t.match(await get(at, '/readyz'), { status: 503, body: /does not know these credentials/ })
  t.strictSame(await get(at, '/healthz'), { status: 200, body: 'ok\n' })
  s3.intercept = () => undefined
  await sync.waitForLine(({ msg }) => msg === 'published what the cluster has')
  t.strictSame(await get(at, '/readyz?verbose'), { status: 200, body: 'ok\n' })
  const metrics = await get(at, '/metrics')
  t.match(metrics.body, /^pod_identity_webhook_oidc_sync_rounds_total\{result="success"\} [1-9]/m)
  t.match(metrics.body, /^pod_identity_webhook_oidc_sync_keys\{state="current"\} 1$/m)
  t.notMatch(metrics.body, /issuers|eu-central-1/)
  t.equal((await get(at, '/')).status, 404)
  t.equal((await get(at, '/healthz', 'POST')).status, 405)
})

t.test('it ends in one line where waiting does not help', async (t) => {
  const { sync } = await startSync(t, '--kubeconfig=/nonexistent')
  t.match(await sync.ended, { code: 1, errors: /^pod-identity-webhook: [^\n]*\/nonexistent[^\n]*\n$/ })
})

t.test('an API server that is away is asked again', async (t) => {
  const { s3, cluster, sync } = await startSync(t)
  const answer = cluster.server.intercept
  await sync.waitForLine(({ msg }) => msg === 'published what the cluster has')
  cluster.server.intercept = () => ({ kind: 'drop' })
  await sync.waitForLine(({ reason }) => /GET \/openid\/v1\/jwks/.test(String(reason)))
  s3.buckets.get('issuers')?.objects.clear()
  cluster.server.intercept = answer
  const known = sync.lines.length
  await sync.waitForLine(
    (line) => sync.lines.indexOf(line) >= known && line.msg === 'published what the cluster has',
  )
  t.strictSame(publishedKids(s3), [RSA.kid])
})
