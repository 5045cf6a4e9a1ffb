import t, { type Test } from 'tap'
import { reviewOf } from '../support/admission-review.ts'
import { openCluster } from './support/cluster.ts'
import { startControlPlane } from './support/control-plane.ts'
import { findControlPlaneBinaries } from './support/control-plane-binaries.ts'
import { poll } from './support/daemon.ts'
import { install } from './support/self-managed-installation.ts'
import { ask, startReplicas, waitUntilReady } from './support/self-managed-replica.ts'
import { readMetric } from './support/webhook.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, roleArn } from './support/webhook-registration.ts'

t.test('a webhook that starts before the API server waits, unready, and recovers by itself', async (t) => {
  const { controlPlane, cluster } = await useOwnControlPlane(t)
  await cluster.createNamespace('shop')
  await cluster.client.create('/api/v1/namespaces/shop/serviceaccounts', {
    metadata: { name: 'cart', annotations: { 'eks.amazonaws.com/role-arn': roleArn('cart') } },
  })

  const webhook = await useWebhook(t, cluster, {
    namespace: 'start-before-api-server',
    beforeStart: () => controlPlane.stopApiServer(),
  })
  const readiness = await webhook.waitUntilListening()
  t.equal(readiness.status, 503, 'unready while it cannot read ServiceAccounts')
  t.match(readiness.text, /\S/, 'and says why')
  const early = await webhook.postReview(reviewOf(describePod('cart', 'cart')))
  t.equal(early.status, 200)
  const { response } = JSON.parse(early.text)
  t.notOk(response.patch, 'a pod that comes all the same cannot get a role')
  t.match(response.warnings, [/could not be looked up/], 'and its creator is told')
  t.match(response.auditAnnotations, { reason: 'lookup_failed' })
  t.equal(readMetric(await webhook.scrapeMetrics(), 'pod_identity_webhook_ready'), 0)

  await controlPlane.startApiServer()
  await webhook.waitUntilReady()
  const late = JSON.parse((await webhook.postReview(reviewOf(describePod('cart', 'cart')))).text)
  t.match(Buffer.from(late.response.patch ?? '', 'base64').toString(), roleArn('cart'))
  t.equal(readMetric(await webhook.scrapeMetrics(), 'pod_identity_webhook_ready'), 1)
  t.strictSame(await webhook.stop(), { code: 0, signal: null })
})

t.test(
  'a replica that makes its own certificates waits alike, without one, and recovers by itself',
  async (t) => {
    const { controlPlane, cluster } = await useOwnControlPlane(t)
    const installation = await install(t, cluster, 'self-managed-waits')
    await controlPlane.stopApiServer()
    const [replica] = await startReplicas(t, cluster, installation, { count: 1 })
    const findLine = (message: RegExp) => replica?.lines.find(({ msg }) => message.test(msg))
    t.ok(await poll(async () => findLine(/cannot be looked after/), 30_000), 'it cannot read its Secret')

    const target = { port: replica?.port ?? 0, serverName: installation.serverName, ca: '' }
    t.match(await ask(target, '/healthz'), { failure: /./ }, 'over TLS nobody can ask it')
    const askPlainly = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${findLine(/^listening$/)?.['metricsPort']}${path}`)
      return { status: response.status, text: await response.text() }
    }
    t.match(await askPlainly('/healthz'), { status: 200 }, 'where the kubelet asks it is alive')
    t.match(
      await askPlainly('/readyz'),
      { status: 503, text: /certificate: .*Secret/ },
      'and says why it waits',
    )

    await controlPlane.startApiServer()
    t.ok(await waitUntilReady(installation, [target.port]), 'it is ready, for who trusts the caBundle')
    t.match(await askPlainly('/readyz'), { status: 200 })
    t.equal(replica?.lines.filter(({ msg }) => msg === 'listening').length, 1, 'it never ended')
  },
)

/** A control plane of its own: nobody else's API server may be stopped. */
async function useOwnControlPlane(t: Test) {
  const binaries = await findControlPlaneBinaries(process.env, (line) => t.comment(line))
  const controlPlane = await startControlPlane(binaries, { hasControllers: false })
  const cluster = openCluster(controlPlane.connection)
  t.teardown(async () => {
    cluster.close()
    await controlPlane.stop()
  })
  return { controlPlane, cluster }
}
