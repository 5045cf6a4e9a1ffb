import type { V1ClusterRoleBinding, V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import t from 'tap'
import { ApiError } from './support/api-client.ts'
import { useCluster } from './support/cluster.ts'
import { runMake } from './support/make-command.ts'
import { readCommands, startMigration } from './support/migration.ts'
import { startOldWebhook } from './support/old-webhook.ts'

const REGISTRATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const NAME = 'pod-identity-webhook'
const OLD_SERVICE = { name: NAME, namespace: 'default', path: '/mutate', port: 443 }
const POD_NAMESPACE = 'upgraded'

const skip = process.getuid?.() === 0 ? false : 'to listen on port 443 of a Service takes root'

const cluster = await useCluster(t)
const [copyCommands = '', deployCommands = '', removeCommands = ''] = await readCommands(
  'docs/install.md',
  "From AWS's Go webhook, without a gap",
)

t.test('the guide for an upgrade misses no pod, and gives each its credentials once', { skip }, async (t) => {
  await cluster.createNamespace(POD_NAMESPACE)
  const oldWebhook = await startOldWebhook(t, cluster)
  const migration = await startMigration(t, cluster, { podNamespace: POD_NAMESPACE })

  await migration.runShell(copyCommands)
  await migration.deploy(deployCommands)
  t.match(await getConfiguration(NAME), {
    webhooks: [{ clientConfig: { service: { namespace: 'eks' } } }],
  })
  t.match(await getConfiguration(`${NAME}-go`), {
    webhooks: [
      { failurePolicy: 'Ignore', clientConfig: { service: OLD_SERVICE, caBundle: oldWebhook.caBundle } },
    ],
  })
  const oldBinding = await cluster.client.get<V1ClusterRoleBinding>(`${RBAC}/clusterrolebindings/${NAME}-go`)
  t.match(oldBinding, { roleRef: { name: NAME }, subjects: [{ name: NAME, namespace: 'default' }] })
  await migration.waitForPods()

  await migration.runShell(removeCommands)
  await oldWebhook.stop()
  await migration.waitForPods()
  await migration.end()

  await t.rejects(getConfiguration(`${NAME}-go`), ApiError)
  await t.rejects(cluster.client.get(`/api/v1/namespaces/default/serviceaccounts/${NAME}`), ApiError)
  t.match(await runMake(cluster, 'cluster-down', {}), { exitCode: 0, stderr: '' })
  await cluster.kubectl(['delete', 'namespace', POD_NAMESPACE])
})

function getConfiguration(name: string) {
  return cluster.client.get<V1MutatingWebhookConfiguration>(`${REGISTRATIONS}/${name}`)
}
