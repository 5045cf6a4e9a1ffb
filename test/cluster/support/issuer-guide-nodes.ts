import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1Deployment, V1Service } from '@kubernetes/client-node'
import type { Test } from 'tap'
import type { Cluster } from './cluster.ts'
import { poll } from './daemon.ts'
import { formatKubeconfig } from './kubeconfig.ts'
import { startLoadBalancer } from './load-balancer.ts'
import { reportPodStatus } from './pod-status.ts'
import { startReplica } from './replica.ts'
import { requestToken } from './webhook-access.ts'

const NAMESPACE = 'eks'
const NAME = 'pod-identity-webhook'
const DEPLOYED_TIMEOUT_MS = 60_000

/**
 * Does what nodes would, which the control plane here lacks: once the webhook is deployed it runs one, as the Deployment's
 * ServiceAccount and behind its Service, and reports its pods ready.
 */
export async function runDeployedWebhook(t: Test, cluster: Cluster, signal: AbortSignal): Promise<void> {
  const { client, connection } = cluster
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${NAME}`
  const deployment = await poll(
    async () => {
      const { status, body } = await client.send('GET', path)
      return status === 200 ? (body as V1Deployment) : undefined
    },
    DEPLOYED_TIMEOUT_MS,
    signal,
  )
  if (deployment === undefined) throw new Error('nobody deploys the webhook')
  const folder = await mkdtemp(join(connection.workFolder, 'nodes-'))
  const kubeconfigPath = join(folder, 'webhook.kubeconfig')
  const token = await requestToken(cluster, NAMESPACE)
  const user = { url: connection.apiServerUrl, caPem: connection.caPem, token }
  await writeFile(kubeconfigPath, formatKubeconfig(user), { mode: 0o600 })
  const { spec } = await client.get<V1Service>(`/api/v1/namespaces/${NAMESPACE}/services/${NAME}`)
  const balancer = await startLoadBalancer({ host: spec?.clusterIP ?? '', port: spec?.ports?.[0]?.port ?? 0 })
  t.teardown(() => balancer.close())
  const replica = await startReplica({ folder, kubeconfigPath, flags: ['--in-cluster=true'] })
  t.teardown(() => replica.daemon.stop(0))
  balancer.add(replica.port)
  await balancer.waitUntilServing([replica.port])
  const count = deployment.spec?.replicas ?? 1
  await reportPodStatus(cluster, { namespace: NAMESPACE, count, isReady: true })
}
