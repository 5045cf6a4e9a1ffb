/**
 * The most that a pod may hold for the policy to look at it; a larger one is left to the webhook.
 *
 * An expression of a policy has a budget, and a pod that exceeds it would be refused. Measured on kube-apiserver 1.36.3.
 */
export const SIZE_LIMIT = {
  containers: 200,
  /** Variables and mounts of all containers together. */
  entries: 10_000,
  volumes: 2_000,
  /** Of the annotation that lists containers. */
  skipCharacters: 4_096,
  nodeSelectorTerms: 100,
} as const

/** Whether a pod is within the limit; counts of lists come first, so that no list of any length is gone through. */
export function isWithinLimit(skipContainers: string): string {
  const size = (list: string) => `object.spec.?${list}.orValue([])`
  const terms =
    'object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms'
  return [
    // A pod without containers is refused for that, by what checks pods.
    'type(object.spec.containers) == list',
    `size(object.spec.containers) + size(${size('initContainers')}) <= ${SIZE_LIMIT.containers}`,
    `size(${size('volumes')}) <= ${SIZE_LIMIT.volumes}`,
    `size(${skipContainers}) <= ${SIZE_LIMIT.skipCharacters}`,
    `[${terms}.orValue([])].all(t, type(t) != list || size(t) <= ${SIZE_LIMIT.nodeSelectorTerms})`,
    `(object.spec.containers + ${size('initContainers')}).map(c, size(c.?env.orValue([])) + size(c.?volumeMounts.orValue([]))).sum() <= ${SIZE_LIMIT.entries}`,
  ].join(' &&\n')
}
