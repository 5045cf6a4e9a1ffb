import type { ClusterReader, ResourceName } from '../doctor/cluster-reader.ts'
import { readPod } from '../webhook/injection/pod.ts'
import type { ExplainedPod } from './explain.ts'
import type { ListedPod } from './pod-record.ts'

/** What was named is not there. */
export class NoSuchObjectError extends Error {
  override readonly name = 'NoSuchObjectError'
}

/** Kinds as kubectl abbreviates them. */
const KINDS: Readonly<Record<string, ResourceName>> = {
  po: 'pods',
  pod: 'pods',
  pods: 'pods',
  deploy: 'deployments',
  deployment: 'deployments',
  deployments: 'deployments',
  sts: 'statefulsets',
  statefulset: 'statefulsets',
  statefulsets: 'statefulsets',
  ds: 'daemonsets',
  daemonset: 'daemonsets',
  daemonsets: 'daemonsets',
}

/** Finds the pod that `NAME`, `pod/NAME` or `deploy/NAME` names: of an owner its first running pod, else its template. Rejects with a NoSuchObjectError. */
export async function findPod(
  reader: ClusterReader,
  namespace: string,
  target: string,
): Promise<ExplainedPod> {
  const [kind, name] = target.includes('/') ? (target.split('/') as [string, string]) : ['pod', target]
  const resource = KINDS[kind.toLowerCase()]
  if (resource === undefined)
    throw new NoSuchObjectError(
      `${kind} is no kind that has pods here: give NAME, or deploy/, sts/ or ds/NAME`,
    )
  if (resource === 'pods') {
    const pod = await reader.get<ListedPod>('pods', namespace, name)
    if (pod !== undefined) return { pod, isLive: true }
    throw new NoSuchObjectError(
      `there is no pod ${namespace}/${name}: kubectl --namespace=${namespace} get pods`,
    )
  }
  const owner = await reader.get<Workload>(resource, namespace, name)
  if (owner === undefined)
    throw new NoSuchObjectError(`there is no ${resource.replace(/s$/, '')} ${namespace}/${name}`)
  const labels = Object.entries(owner.spec.selector.matchLabels ?? {})
  const pods = await reader.list<ListedPod>('pods', namespace, labels.map((pair) => pair.join('=')).join(','))
  const live = pods.find(({ metadata }) => metadata.deletionTimestamp === undefined)
  return live === undefined
    ? { pod: toPod(owner.spec.template, { namespace, name }), isLive: false }
    : { pod: live, isLive: true }
}

interface Workload {
  readonly spec: {
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> }
    readonly template: object
  }
}

/** A template, or a pod of a file, as the API server would make a pod of it. Throws a PodError where it is none. */
export function toPod(
  template: object,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): ListedPod {
  const pod = readPod(template)
  return {
    ...pod,
    metadata: { ...pod.metadata, name, namespace },
    spec: { ...pod.spec, serviceAccountName: pod.spec.serviceAccountName || 'default' },
  }
}
