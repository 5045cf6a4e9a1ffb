import { isObject, type ManifestObject } from '../accounts/manifests/manifest-documents.ts'

/** The pod that an object is or makes, and the way to it from the object. */
export interface PodTemplate {
  readonly path: readonly string[]
  readonly value: Readonly<Record<string, unknown>>
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
  const path = TEMPLATE_PATHS.get(`${group}/${kind}`)
  if (path === undefined) return undefined
  let template: unknown = value
  for (const key of path) template = isObject(template) ? template[key] : undefined
  return isObject(template) ? { path, value: template } : undefined
}
