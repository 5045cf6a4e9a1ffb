import type { V1LabelSelector, V1MutatingWebhook } from '@kubernetes/client-node'
import { selects } from '../doctor/label-selector.ts'
import type { ListedPod } from './pod-record.ts'

/**
 * Why API servers do not ask the webhook for a pod, in one line; undefined where an entry of its configuration takes the pod.
 * Match conditions are not looked at.
 */
export function findExclusion(
  entries: readonly V1MutatingWebhook[],
  { metadata }: Pick<ListedPod, 'metadata'>,
  namespaceLabels: Readonly<Record<string, string>>,
): string | undefined {
  if (entries.length === 0) return 'no MutatingWebhookConfiguration of the webhook is there'
  const misses = entries.map((entry) => {
    if (!takes(entry.namespaceSelector, namespaceLabels))
      return `the namespaceSelector of ${entry.name} leaves namespace ${metadata.namespace} out`
    if (!takes(entry.objectSelector, metadata.labels ?? {}))
      return `the objectSelector of ${entry.name} leaves it out`
    return undefined
  })
  // Entries for pods that ask for it go first; the last is for all others.
  return misses.includes(undefined) ? undefined : misses.at(-1)
}

/** An absent selector of a webhook takes everything. */
function takes(selector: V1LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  return selector === undefined || selects(selector, labels)
}
