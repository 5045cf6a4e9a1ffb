import type { V1PodList } from '@kubernetes/client-node'
import type { Test } from 'tap'
import { runMake } from '../../cluster/support/make-command.ts'
import type { RealNode } from './real-node.ts'

/** Where `make cluster-up` puts it. */
export const WEBHOOK_NAMESPACE = 'eks'

/** Deploys our image as README says, until the test ends. */
export async function installWebhook(t: Test, { cluster, images }: RealNode): Promise<void> {
  t.teardown(async () => {
    const down = await runMake(cluster, 'cluster-down', {})
    if (down.exitCode !== 0) throw new Error(down.stderr)
  })
  const up = await runMake(cluster, 'cluster-up', { IMAGE: images.webhook })
  if (up.exitCode !== 0) throw new Error(up.stderr)
}

/** The names of its pods, those that are ending among them. */
export async function listReplicas(
  { cluster }: RealNode,
  namespace = WEBHOOK_NAMESPACE,
): Promise<readonly string[]> {
  const { items } = await cluster.client.get<V1PodList>(`/api/v1/namespaces/${namespace}/pods`)
  return items.map(({ metadata }) => metadata?.name ?? '')
}

/** Resolves when replicas have ended: until then they answer on the connections that API servers keep to them. */
export async function waitUntilGone(
  node: RealNode,
  names: readonly string[],
  namespace = WEBHOOK_NAMESPACE,
): Promise<void> {
  const pods = names.map((name) => `pod/${name}`)
  await node.kubectl(['wait', '--for=delete', ...pods, `--namespace=${namespace}`, '--timeout=60s'])
}
