import { ClusterError } from './cluster-error.ts'
import type { Kubectl } from './kubectl.ts'
import { type Manifest, toList } from './manifest.ts'

/** One thing that a user may or may not do. */
export interface Access {
  readonly verb: string
  readonly group: string
  readonly resource: string
  /** Absent for objects of the whole cluster. */
  readonly namespace?: string
}

/** Asks the API server whether the user may do all of this, before anything is changed. Throws ClusterError. */
export async function checkAccess(kubectl: Kubectl, accesses: readonly Access[]): Promise<void> {
  const reviews = accesses.map((resourceAttributes) => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  }))
  const answer =
    '{.status.allowed}{" "}{.spec.resourceAttributes.verb}{" "}{.spec.resourceAttributes.resource}{" "}{.spec.resourceAttributes.group}{"\\n"}'
  const args = ['create', '--filename=-', `--output=jsonpath=${answer}`]
  const lines = (await kubectl.run(args, toList(reviews))).split('\n')
  const denied = lines.filter((line) => line !== '' && !line.startsWith('true '))
  if (denied.length === 0) return
  const missing = denied.map((line) => {
    const [, verb, resource, group] = line.split(' ')
    return `${verb} ${resource}${group ? `.${group}` : ''}`
  })
  throw new ClusterError(
    `you have no permission to ${missing.join(', ')}: ask an administrator of the cluster`,
  )
}

/** What applying or removing manifests takes, each once. */
export function listAccesses(verbs: readonly string[], manifests: readonly Manifest[]): readonly Access[] {
  const accesses = manifests.flatMap(({ apiVersion, kind, metadata }) =>
    verbs.map((verb) => ({
      verb,
      group: apiVersion.includes('/') ? apiVersion.replace(/\/.*/, '') : '',
      resource: nameResource(kind),
      ...(metadata.namespace && { namespace: metadata.namespace }),
    })),
  )
  return [...new Map(accesses.map((access) => [JSON.stringify(access), access])).values()]
}

function nameResource(kind: string): string {
  return kind.toLowerCase().replace(/y$/, 'ie').concat('s')
}
