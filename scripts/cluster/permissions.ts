import { isDeepStrictEqual } from 'node:util'
import { ClusterError } from './cluster-error.ts'
import type { Kubectl } from './kubectl.ts'
import { keyOf, type Manifest, toList } from './manifest.ts'

const RBAC = 'rbac.authorization.k8s.io/'

/**
 * The manifests, with what roles and bindings in the cluster give beyond them: a webhook that serves loses no right. What
 * differs from the manifests is to be applied again as they are, when nobody needs it any more.
 */
export async function widenPermissions(
  kubectl: Kubectl,
  manifests: readonly Manifest[],
): Promise<readonly Manifest[]> {
  const permissions = manifests.filter(isPermission)
  const args = ['get', '--ignore-not-found', '--output=json', '--filename=-']
  const answer = await kubectl.run(args, toList(permissions))
  const answered =
    answer.trim() === '' ? { items: [] } : (JSON.parse(answer) as Manifest | { items: Manifest[] })
  const present = 'items' in answered ? (answered.items as readonly Manifest[]) : [answered as Manifest]
  const byKey = new Map(present.map((object) => [keyOf(object), object]))
  return manifests.map((manifest) => {
    const object = isPermission(manifest) ? byKey.get(keyOf(manifest)) : undefined
    return object === undefined ? manifest : widenPermission(manifest, object)
  })
}

/** A role with the rules of both, or a binding with the subjects of both; the manifest itself where it has all of them. */
export function widenPermission(manifest: Manifest, present: Manifest): Manifest {
  const field = manifest.kind.endsWith('Binding') ? 'subjects' : 'rules'
  const wanted = (manifest[field] ?? []) as readonly object[]
  const others = ((present[field] ?? []) as readonly object[]).filter(
    (each) => !wanted.some((other) => isDeepStrictEqual(each, other)),
  )
  return others.length === 0 ? manifest : { ...manifest, [field]: [...wanted, ...others] }
}

/**
 * Asks whether the user may give all that the roles give, which takes having it or the verb `escalate`: no access review
 * tells that, only a dry run. Throws ClusterError.
 */
export async function checkGrants(
  kubectl: Kubectl,
  manifests: readonly Manifest[],
  { isNamespaceThere }: { readonly isNamespaceThere: boolean },
): Promise<void> {
  const roles = manifests
    .filter((manifest) => isPermission(manifest) && !manifest.kind.endsWith('Binding'))
    // Who has a right in a namespace that is not there yet has it everywhere, so also in `default`.
    .map((role) => {
      const isElsewhere = isNamespaceThere || role.metadata.namespace === undefined
      return isElsewhere ? role : { ...role, metadata: { ...role.metadata, namespace: 'default' } }
    })
  const args = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--filename=-']
  const { exitCode, stderr } = await kubectl.attempt(args, toList(roles))
  if (exitCode === 0) return
  const refused =
    /(\S+) "(\S+)" is forbidden: .*attempting to grant RBAC permissions not currently held:\s*(.*)/.exec(
      stderr,
    )
  if (refused === null) {
    throw new ClusterError(
      `the permissions of the webhook cannot be applied: ${stderr.trim().split('\n')[0]}`,
    )
  }
  const [, resource, name, lacking] = refused
  throw new ClusterError(
    `you may not give the webhook ${resource} ${name}, which holds what you have not: ${lacking}: ask an administrator of the cluster, or for the verb escalate of roles and clusterroles`,
  )
}

function isPermission({ apiVersion }: Manifest): boolean {
  return apiVersion.startsWith(RBAC)
}
