import type { V1PodList } from '@kubernetes/client-node'
import type { Cluster } from './cluster.ts'
import { poll } from './daemon.ts'

const READY = { type: 'Ready', status: 'True' }
const RUN_TIMEOUT_MS = 60_000

/** Stands for the kubelets that the control plane here lacks: until `stop`, every pod of a namespace gets ready. */
export function runDeployedPods(cluster: Cluster, namespace: string): { stop(): Promise<void> } {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const stopping = new AbortController()
  const running = poll(
    async () => {
      const { items = [] } = await cluster.client.get<Partial<V1PodList>>(path)
      for (const pod of items) {
        if (pod.status?.conditions?.some(({ type }) => type === 'Ready')) continue
        const status = { ...pod.status, conditions: [READY] }
        // One that was changed or deleted meanwhile comes again, or not.
        await cluster.client.send('PUT', `${path}/${pod.metadata?.name}/status`, { ...pod, status })
      }
      return undefined
    },
    RUN_TIMEOUT_MS,
    stopping.signal,
  )
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
