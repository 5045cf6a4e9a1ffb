import { setTimeout } from 'node:timers/promises'
import type { V1Pod, V1PodList } from '@kubernetes/client-node'
import type { Cluster } from './cluster.ts'

const LOOK_MS = 100

/**
 * Stands for the kubelets that the control plane here lacks, until it is closed: pods of a namespace become ready as they come, apart
 * from those that `isBroken` names.
 */
export function keepPodsReady(
  { client }: Pick<Cluster, 'client'>,
  namespace: string,
  isBroken: (pod: V1Pod) => boolean,
): { close(): Promise<void> } {
  const end = new AbortController()
  const run = async () => {
    while (!end.signal.aborted) {
      const { items } = await client.get<V1PodList>(`/api/v1/namespaces/${namespace}/pods`)
      for (const pod of items) if (!isReady(pod) && !isBroken(pod)) await makeReady(client, pod)
      await setTimeout(LOOK_MS, undefined, { signal: end.signal }).catch(() => {})
    }
  }
  const running = run()
  return {
    async close() {
      end.abort()
      await running
    },
  }
}

function isReady({ status }: V1Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
}

/** A pod that is gone meanwhile is nobody's loss. */
async function makeReady(client: Cluster['client'], { metadata, spec }: V1Pod): Promise<void> {
  const lastTransitionTime = new Date().toISOString()
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }]
  const containerStatuses = spec?.containers.map(({ name, image }) => ({
    ...{ name, image, imageID: '', ready: true, restartCount: 0 },
    state: { running: {} },
  }))
  await client.send(
    'PATCH',
    `/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}/status`,
    { status: { phase: 'Running', conditions, containerStatuses } },
    'application/merge-patch+json',
  )
}
