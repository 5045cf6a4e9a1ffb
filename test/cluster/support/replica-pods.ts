import { networkInterfaces } from 'node:os'
import type { V1Deployment } from '@kubernetes/client-node'
import type { Cluster } from './cluster.ts'
import type { Replica } from './replica.ts'

/**
 * An address of this machine that API servers let themselves be led to: to the loopback they never go. `undefined` where the
 * machine has no other.
 */
export function findReachableAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}

/** What a pod for a replica differs in from the Deployment's template. */
export interface ReplicaPod {
  readonly name: string
  readonly nodeName: string
  readonly address: string
}

/** Stands for what controllers and kubelets would write of a process: a pod of the Deployment's template, ready or not. */
export async function writeReplicaPod(
  { client, kubectl }: Cluster,
  namespace: string,
  { port, metricsPort }: Pick<Replica, 'port' | 'metricsPort'>,
  pod: ReplicaPod,
): Promise<void> {
  const { spec } = await client.get<V1Deployment>(
    `/apis/apps/v1/namespaces/${namespace}/deployments/pod-identity-webhook`,
  )
  const template = spec?.template
  const containers = template?.spec?.containers.map((container) => ({
    ...container,
    ports: [
      { name: 'https', containerPort: port },
      { name: 'metrics', containerPort: metricsPort },
    ],
  }))
  await client.create(`/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name: pod.name, labels: template?.metadata?.labels },
    spec: {
      ...template?.spec,
      containers,
      nodeName: pod.nodeName,
      priorityClassName: undefined,
      terminationGracePeriodSeconds: 0,
    },
  })
  const ips = { podIP: pod.address, podIPs: [{ ip: pod.address }] }
  await writeReadiness({ kubectl }, namespace, pod.name, { isReady: true, ...ips })
}

/** Writes what the kubelet would say of a pod. */
export async function writeReadiness(
  { kubectl }: Pick<Cluster, 'kubectl'>,
  namespace: string,
  name: string,
  { isReady, ...status }: { readonly isReady: boolean } & Readonly<Record<string, unknown>>,
): Promise<void> {
  const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }]
  const patch = JSON.stringify({ status: { phase: 'Running', conditions, ...status } })
  const { exitCode, stderr } = await kubectl([
    'patch',
    'pod',
    `--namespace=${namespace}`,
    name,
    '--subresource=status',
    '--type=merge',
    `--patch=${patch}`,
  ])
  if (exitCode !== 0) throw new Error(stderr)
}
