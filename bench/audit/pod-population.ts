import { randomUUID } from 'node:crypto'
import { WEB_IDENTITY } from '../../test/cluster/support/pod-credentials.ts'
import { describePod } from '../../test/cluster/support/webhook-registration.ts'
import { putObjects } from '../start/etcd-objects.ts'
import { type Population, pickAccountWithRole } from '../start/service-account-population.ts'

/** How many pods there are, and of how many replicas. */
export interface PodPopulation {
  readonly pods: number
  /** Pods of one ReplicaSet. */
  readonly replicas: number
  /** One in so many ReplicaSets has no credentials. */
  readonly oneInMissed: number
}

/** Writes pods of ReplicaSets of ServiceAccounts with a role straight into etcd; gives how many were missed. */
export async function writePods(
  etcdUrl: string,
  accounts: Population,
  { pods, replicas, oneInMissed }: PodPopulation,
): Promise<number> {
  const isMissed = (index: number) => Math.floor(index / replicas) % oneInMissed === 0
  const indexes = Array.from({ length: pods }, (_, index) => index)
  await putObjects(
    etcdUrl,
    indexes.map((index) => {
      const set = Math.floor(index / replicas)
      const account = pickAccountWithRole(set, accounts)
      const name = `${account.name}-${HASH}-${index}`
      return {
        key: `pods/${account.namespace}/${name}`,
        value: describeRunningPod(name, account, isMissed(index) ? undefined : account.roleArn),
      }
    }),
  )
  return indexes.filter(isMissed).length
}

const HASH = '5d4f8c7b9'

/** As large as pods with their status are: some 6 KB of JSON. */
function describeRunningPod(
  name: string,
  account: { readonly namespace: string; readonly name: string },
  role: string | undefined,
) {
  const { spec } = describePod(name, account.name)
  const { volumeName, mountPath, tokenPath, identityVariable, tokenFileVariable } = WEB_IDENTITY
  const variables = [
    { name: identityVariable, value: role },
    { name: tokenFileVariable, value: `${mountPath}/${tokenPath}` },
  ]
  const settings = Array.from({ length: 20 }, (_, index) => ({
    name: `SETTING_${index}`,
    value: `value-${index}-`.repeat(6),
  }))
  const app = { name: 'app', image: 'registry.test.invalid/app:1' }
  const created = '2026-01-01T00:00:00Z'
  const token = {
    serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 86_400, path: tokenPath },
  }
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      namespace: account.namespace,
      uid: randomUUID(),
      creationTimestamp: created,
      labels: { 'app.kubernetes.io/name': account.name, 'pod-template-hash': HASH },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `${account.name}-${HASH}`,
          uid: randomUUID(),
          controller: true,
        },
      ],
    },
    spec: {
      ...spec,
      containers: [
        {
          ...app,
          env: [...settings, ...(role === undefined ? [] : variables)],
          ...(role !== undefined && {
            volumeMounts: [{ name: volumeName, mountPath, readOnly: true }],
          }),
        },
      ],
      volumes: role === undefined ? [] : [{ name: volumeName, projected: { sources: [token] } }],
    },
    status: {
      phase: 'Running',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: created,
      })),
      containerStatuses: [
        {
          name: app.name,
          image: app.image,
          imageID: '',
          ready: true,
          restartCount: 0,
          state: { running: {} },
        },
      ],
    },
  }
}
