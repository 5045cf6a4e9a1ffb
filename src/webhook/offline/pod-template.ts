import { isObject, type ManifestObject } from '../accounts/manifests/manifest-documents.ts'

/** The pod that an object is or makes, and the way to it from the object. */
export interface PodTemplate {
  readonly path: readonly string[]
  readonly value: Readonly<Record<string, unknown>>
  /** Whether the kind is one of Kubernetes' own; others may leave out names of containers, as Knative does. */
  readonly isBuiltIn: boolean
}

const TEMPLATE = ['spec', 'template'] as const

/** By `group/kind`; other groups have kinds of the same names and another shape, such as Volcano's Job. */
const TEMPLATE_PATHS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['/Pod', []],
  ['/ReplicationController', TEMPLATE],
  ...['apps', 'extensions'].flatMap((group) =>
    ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'].map(
      (kind) => [`${group}/${kind}`, TEMPLATE] as const,
    ),
  ),
  ['batch/Job', TEMPLATE],
  ['batch/CronJob', ['spec', 'jobTemplate', ...TEMPLATE]],
])

/** The pod of an object; `undefined` where it has none. */
export function findPodTemplate({ value, kind, group }: ManifestObject): PodTemplate | undefined {
  const builtInPath = TEMPLATE_PATHS.get(`${group}/${kind}`)
  if (builtInPath === undefined && !isCustomGroup(group)) return undefined
  const path = builtInPath ?? TEMPLATE
  let template: unknown = value
  for (const key of path) template = isObject(template) ? template[key] : undefined
  if (!isObject(template)) return undefined
  if (builtInPath !== undefined) return { path, value: template, isBuiltIn: true }
  const { spec } = template
  // Of a kind that is not known here only what is a pod beyond doubt, such as Argo's Rollout and Knative's Service have.
  return isObject(spec) && Array.isArray(spec['containers'])
    ? { path, value: template, isBuiltIn: false }
    : undefined
}

/** Whether a group is a custom resource's: its name is a domain, and not one of Kubernetes' own. */
export function isCustomGroup(group: string): boolean {
  return group.includes('.') && !group.endsWith('.k8s.io')
}
