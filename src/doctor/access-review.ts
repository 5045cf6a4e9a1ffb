import type { V1ResourceAttributes } from '@kubernetes/client-node'
import type { ClusterReader } from './cluster-reader.ts'

const REVIEWS = '/apis/authorization.k8s.io/v1'

/** What of all this somebody may not do, as roles say it: yourself, or `user`. Rejects with an UnreadError. */
export async function findMissingAccess(
  reader: ClusterReader,
  accesses: readonly V1ResourceAttributes[],
  user?: string,
): Promise<readonly string[]> {
  const kind = user === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview'
  const answers = await Promise.all(
    accesses.map(async (resourceAttributes) => {
      const { status } = await reader.create<{ readonly status: { readonly allowed: boolean } }>(
        `${REVIEWS}/${kind.toLowerCase()}s`,
        {
          apiVersion: 'authorization.k8s.io/v1',
          kind,
          spec: { ...(user && { user, groups: groupsOf(user) }), resourceAttributes },
        },
      )
      return status.allowed ? [] : [describeAccess(resourceAttributes)]
    }),
  )
  return answers.flat()
}

/** `system:serviceaccount:NAMESPACE:NAME` is in three groups that roles may be bound to. */
function groupsOf(user: string): readonly string[] {
  const [, , namespace] = user.split(':')
  return ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${namespace}`]
}

function describeAccess({ verb, resource, group, name, namespace }: V1ResourceAttributes): string {
  const kind = group ? `${resource}.${group}` : resource
  return `${verb} ${kind}${name ? ` ${name}` : ''}${namespace ? ` in namespace ${namespace}` : ''}`
}
