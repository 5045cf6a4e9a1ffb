import t from 'tap'
import { useCluster } from './support/cluster.ts'
import { listClusterObjects, removeLeftovers } from './support/leftovers.ts'

const NAMESPACE = 'left-over'
const LABELS = { 'app.kubernetes.io/name': 'pod-identity-webhook' }
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const REGISTRATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

const { client } = await useCluster(t)

t.test('what a test file leaves is gone before the next one begins', async (t) => {
  const known = await listClusterObjects(client)
  await client.create(`${RBAC}/clusterroles`, { metadata: { name: NAMESPACE }, rules: [] })
  await client.create(REGISTRATIONS, { metadata: { name: NAMESPACE }, webhooks: [] })
  await client.create('/api/v1/namespaces', { metadata: { name: NAMESPACE, labels: LABELS } })
  await client.create('/api/v1/namespaces', { metadata: { name: `${NAMESPACE}-ending` } })
  await client.create('/api/v1/namespaces', { metadata: { name: `${NAMESPACE}-quiet` } })
  await client.send('DELETE', `/api/v1/namespaces/${NAMESPACE}-ending`)

  await removeLeftovers(client, known)
  t.strictSame((await listClusterObjects(client)).toSorted(), known.toSorted())
  const readStatus = async (name: string) => (await client.send('GET', `/api/v1/namespaces/${name}`)).status
  t.equal(await readStatus(NAMESPACE), 404, 'the namespace of a webhook is gone')
  t.equal(await readStatus(`${NAMESPACE}-ending`), 404, 'one that was ending has ended')
  t.equal(await readStatus(`${NAMESPACE}-quiet`), 200, 'any other harms nobody')
  await client.send('DELETE', `/api/v1/namespaces/${NAMESPACE}-quiet`)
})
