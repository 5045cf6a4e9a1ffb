import fc from 'fast-check'
import t from 'tap'
import { ODD_ANNOTATIONS } from '../support/odd-annotations.ts'
import { useCluster } from './support/cluster.ts'
import { useWebhook } from './support/webhook-fixture.ts'
import { describePod, registerWebhook } from './support/webhook-registration.ts'

const NAMESPACE = 'accepted-pods'
const RUNS = 150

const cluster = await useCluster(t)
const webhook = await useWebhook(t, cluster, { namespace: NAMESPACE, flags: ['--watch-config-map'] })
await webhook.waitUntilReady()
await registerWebhook(cluster, webhook, { namespace: NAMESPACE, failurePolicy: 'Fail' })
const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`
await cluster.client.create(accounts, { metadata: { name: 'any' } })

t.test('no value of an annotation makes the API server refuse a pod', async (t) => {
  let injectedCount = 0
  await fc.assert(
    fc.asyncProperty(ODD_ANNOTATIONS, ODD_ANNOTATIONS, fc.boolean(), async (ofAccount, ofPod, hasRole) => {
      const role = hasRole ? { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/a' } : {}
      const annotations = { ...ofAccount, ...role }
      const written = await cluster.client.send('PUT', `${accounts}/any`, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'any', annotations },
      })
      // What the API server does not take as an annotation cannot come to us.
      if (written.status !== 200) return
      const plain = describePod('any', 'any')
      const containers = Array.from({ length: 20 }, (_, index) => ({ name: `c${index}`, image: 'a' }))
      const pod = {
        ...plain,
        metadata: { ...plain.metadata, annotations: ofPod },
        spec: { ...plain.spec, containers },
      }
      const path = `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`
      const alone = await cluster.client.send('POST', path, {
        ...pod,
        metadata: { ...pod.metadata, labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' } },
      })
      if (alone.status !== 201) return
      const { status, body } = await cluster.client.send('POST', path, pod)
      if (JSON.stringify(body).includes('AWS_ROLE_ARN')) injectedCount++
      t.equal(status, 201, status === 201 ? 'accepted' : JSON.stringify(body).slice(0, 300))
    }),
    { numRuns: RUNS },
  )
  t.ok(injectedCount > RUNS / 4, `${injectedCount} pods were injected`)
})

t.test('nor does a value of the ConfigMap', async (t) => {
  await cluster.client.send('PUT', `${accounts}/any`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'any' },
  })
  const configMaps = `/api/v1/namespaces/${NAMESPACE}/configmaps`
  await cluster.client.create(configMaps, { metadata: { name: 'pod-identity-webhook' } })
  for (const entry of [
    { RoleARN: 'a', TokenExpiration: 99_999_999_999 },
    { RoleARN: 'a', TokenExpiration: -5 },
    { RoleARN: 'a', Audience: 'x'.repeat(100_000) },
    { RoleARN: 'x'.repeat(100_000) },
    { RoleARN: '\u0000:\n', Audience: '\u001b' },
  ]) {
    const config = JSON.stringify({ [`${NAMESPACE}/any`]: entry })
    await cluster.client.send('PUT', `${configMaps}/pod-identity-webhook`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'pod-identity-webhook' },
      data: { config },
    })
    const path = `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`
    const { status, body } = await cluster.client.send('POST', path, describePod('any', 'any'))
    t.equal(status, 201, JSON.stringify(body).slice(0, 300))
  }
})
