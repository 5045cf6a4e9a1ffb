import { rmSync } from 'node:fs'
import type { Cluster } from '../../cluster/support/cluster.ts'
import { containerdState, startContainerd } from './containerd.ts'
import { startKubelet } from './kubelet.ts'
import { makeCgroups } from './machine/cgroups.ts'
import { markNode } from './machine/node-place.ts'
import { killMarked, removeShimSockets, unmountBelow } from './machine/teardown.ts'
import type { NodeConnection } from './node-connection.ts'

/** Starts containerd and the kubelet, and waits until the Node is ready. */
export async function bootNode(
  { place, kubelet, ecr }: NodeConnection,
  cluster: Cluster,
  kubeletFlags = ecr.kubeletFlags,
): Promise<void> {
  makeCgroups(place.cgroup)
  await startContainerd(place)
  await startKubelet(place, kubelet, kubeletFlags)
  await waitUntilReady(cluster, place.nodeName)
}

/** Ends the kubelet, containerd and all containers at once, and takes away what a machine has in memory. */
export async function cutPower({ place }: NodeConnection): Promise<void> {
  await killMarked(place, markNode(place))
  unmountBelow(place.folder)
  removeShimSockets(place)
  rmSync(containerdState(place), { recursive: true, force: true })
}

/** Resolves once the API server has heard from the kubelet that it can run pods. */
export async function waitUntilReady(cluster: Cluster, nodeName: string): Promise<void> {
  // The Node object comes after the kubelet's first certificate.
  const conditions = ['--for=create', '--for=condition=Ready']
  for (const condition of conditions) {
    const { exitCode, stderr } = await cluster.kubectl([
      'wait',
      `node/${nodeName}`,
      condition,
      '--timeout=50s',
    ])
    if (exitCode !== 0) throw new Error(`node ${nodeName}: ${stderr}`)
  }
}
