import { ClusterError } from './cluster-error.ts'
import type { Kubectl } from './kubectl.ts'
import { type Manifest, OWN_LABEL } from './manifest.ts'

/** A namespace that was there before the webhook stays when the webhook goes. */
export type NamespaceOwner = 'nobody' | 'webhook' | 'somebody else'

/** Everything that people put into a namespace and would miss. */
const KINDS_TO_MISS =
  'pods,deployments,statefulsets,daemonsets,jobs,cronjobs,services,configmaps,secrets,serviceaccounts,persistentvolumeclaims'

/** What Kubernetes itself puts into every namespace. */
const INHERENT_OBJECTS = ['ConfigMap/kube-root-ca.crt', 'ServiceAccount/default']

/** Finds whose a namespace is; "nobody" is one that does not exist. Throws ClusterError for one that is going away. */
export async function findNamespaceOwner(kubectl: Kubectl, namespace: string): Promise<NamespaceOwner> {
  const answer = await kubectl.run(['get', 'namespace', namespace, '--ignore-not-found', '--output=json'])
  if (answer.trim() === '') return 'nobody'
  const { metadata } = JSON.parse(answer) as {
    metadata: { labels?: Record<string, string>; deletionTimestamp?: string }
  }
  if (metadata.deletionTimestamp !== undefined) {
    throw new ClusterError(`namespace ${namespace} is being deleted: run this again when it is gone`)
  }
  return metadata.labels?.[OWN_LABEL.key] === OWN_LABEL.value ? 'webhook' : 'somebody else'
}

/** Lists what is in a namespace beside the webhook, as `Kind/name`; what a controller made goes with what it was made for. */
export async function listForeignObjects(kubectl: Kubectl, namespace: string): Promise<readonly string[]> {
  const selector = `--selector=${OWN_LABEL.key}!=${OWN_LABEL.value}`
  const scope = `--namespace=${namespace}`
  const answer = await kubectl.run(['get', KINDS_TO_MISS, scope, selector, '--output=json'])
  const { items } = JSON.parse(answer) as { items: readonly NamespacedObject[] }
  return items
    .filter(({ metadata }) => metadata.ownerReferences === undefined)
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    .filter((name) => !INHERENT_OBJECTS.includes(name))
}

/** Those of the manifests whose objects hold anything: what is shipped empty was filled in by people. */
export async function listFilledObjects(
  kubectl: Kubectl,
  manifests: readonly Manifest[],
): Promise<readonly Manifest[]> {
  const filled = await Promise.all(
    manifests.map(async ({ kind, metadata: { name, namespace = '' } }) => {
      const path = '--output=jsonpath={.data}{.binaryData}'
      return kubectl.run(['get', kind, name, `--namespace=${namespace}`, '--ignore-not-found', path])
    }),
  )
  return manifests.filter((_, index) => filled[index]?.trim() !== '')
}

interface NamespacedObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly ownerReferences?: readonly unknown[] }
}
