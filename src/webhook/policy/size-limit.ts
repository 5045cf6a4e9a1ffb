/**
 * The most that a pod may hold for the policy to look at it; a larger one is left to the webhook.
 *
 * An expression of a policy has a budget, and a pod that exceeds it would be refused. Measured on kube-apiserver 1.36.3, all of
 * it at once: twice and three times as much is injected, four times as much is refused. It takes some hundred ms.
 */
export const SIZE_LIMIT = {
  containers: 500,
  /** Variables and mounts of all containers together. */
  entries: 10_000,
  volumes: 1_000,
  /** Of the annotation that lists containers. */
  skipCharacters: 4_096,
  /** Those characters times the containers: each container is looked for among the names. */
  skipLookups: 800_000,
  nodeSelectorTerms: 100,
} as const

/** Whether a pod is within the limit; counts of lists come first, so that no list of any length is gone through. */
export function isWithinLimit(skipContainers: string): string {
  const size = (list: string) => `object.spec.?${list}.orValue([])`
  const containers = `(size(object.spec.containers) + size(${size('initContainers')}))`
  const terms =
    'object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms'
  return [
    // A pod without containers is refused for that, by what checks pods.
    'type(object.spec.containers) == list',
    `${containers} <= ${SIZE_LIMIT.containers}`,
    `size(${size('volumes')}) <= ${SIZE_LIMIT.volumes}`,
    `size(${skipContainers}) <= ${SIZE_LIMIT.skipCharacters}`,
    `size(${skipContainers}) * ${containers} <= ${SIZE_LIMIT.skipLookups}`,
    `[${terms}.orValue([])].all(t, type(t) != list || size(t) <= ${SIZE_LIMIT.nodeSelectorTerms})`,
    `(object.spec.containers + ${size('initContainers')}).map(c, size(c.?env.orValue([])) + size(c.?volumeMounts.orValue([]))).sum() <= ${SIZE_LIMIT.entries}`,
  ].join(' &&\n')
}
