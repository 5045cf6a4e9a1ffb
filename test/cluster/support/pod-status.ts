import type { V1PodList } from '@kubernetes/client-node'
import type { Cluster } from './cluster.ts'
import { poll } from './daemon.ts'

const POD_TIMEOUT_MS = 20_000

/** Stands for the kubelets that the control plane here lacks: writes what they would say of a Deployment's pods. */
export async function reportPodStatus(
  cluster: Cluster,
  options: {
    readonly namespace: string
    /** How many pods to wait for. */
    readonly count: number
    readonly isReady: boolean
    /** Of the one container; what it waits for, where it is not ready. */
    readonly waiting?: { readonly reason: string; readonly message: string }
  },
): Promise<void> {
  const { namespace, count, isReady, waiting } = options
  const pods = await poll(async () => {
    const { items } = await cluster.client.get<V1PodList>(`/api/v1/namespaces/${namespace}/pods`)
    return items.length >= count ? items : undefined
  }, POD_TIMEOUT_MS)
  if (pods === undefined) throw new Error(`${namespace}: there are no ${count} pods`)
  const container = pods[0]?.spec?.containers[0]
  const status = {
    conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
    containerStatuses: [
      {
        name: container?.name,
        image: container?.image,
        imageID: '',
        ready: isReady,
        restartCount: 0,
        state: waiting ? { waiting } : { running: {} },
      },
    ],
  }
  for (const { metadata } of pods) {
    const args = ['patch', 'pod', `--namespace=${namespace}`, metadata?.name ?? '', '--subresource=status']
    const { exitCode, stderr } = await cluster.kubectl([...args, `--patch=${JSON.stringify({ status })}`])
    if (exitCode !== 0) throw new Error(stderr)
  }
}
