import t from 'tap'
import { reviewOf } from '../support/admission-review.ts'
import { openCluster } from './support/cluster.ts'
import { startControlPlane } from './support/control-plane.ts'
import { findControlPlaneBinaries } from './support/control-plane-binaries.ts'
import { readMetric } from './support/webhook.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, roleArn } from './support/webhook-registration.ts'

t.test('a webhook that starts before the API server waits, unready, and recovers by itself', async (t) => {
  const binaries = await findControlPlaneBinaries(process.env, (line) => t.comment(line))
  // A control plane of its own: nobody else's API server may be stopped.
  const controlPlane = await startControlPlane(binaries, { hasControllers: false })
  const cluster = openCluster(controlPlane.connection)
  t.teardown(async () => {
    cluster.close()
    await controlPlane.stop()
  })
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
