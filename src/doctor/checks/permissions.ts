import type { V1Pod, V1ResourceAttributes } from '@kubernetes/client-node'
import { fail, pass, skip, type Verdict } from '../../checks/verdict.ts'
import { findMissingAccess } from '../access-review.ts'
import type { CheckContext } from '../check.ts'

const ADMISSION = 'admissionregistration.k8s.io'
const RBAC = 'rbac.authorization.k8s.io'

/** Whether the webhook's ServiceAccount may do what the webhook does. */
export async function checkPermissions({ reader, installation }: CheckContext): Promise<Verdict> {
  const namespace = await installation.namespace()
  const [pod] = await installation.pods()
  if (pod === undefined) return skip('there is no replica whose permissions could be asked for')
  const account = pod.spec?.serviceAccountName ?? 'default'
  const missing = await findMissingAccess(
    reader,
    listNeeded(pod, namespace),
    `system:serviceaccount:${namespace}:${account}`,
  )
  if (missing.length === 0) return pass(`ServiceAccount ${namespace}/${account} may do what the webhook does`)
  return fail({
    message: `ServiceAccount ${namespace}/${account} may not ${missing.join(', ')}`,
    hint: 'apply the roles and bindings again: make cluster-up, helm upgrade, or deploy/base/auth.yaml',
  })
}

/** By the flags of the pod's program. */
function listNeeded(pod: V1Pod, namespace: string): readonly V1ResourceAttributes[] {
  const args = pod.spec?.containers.flatMap((container) => container.args ?? []) ?? []
  const flag = (name: string) => args.findLast((arg) => arg.startsWith(`--${name}=`))?.split('=')[1]
  const each = (verbs: readonly string[], access: V1ResourceAttributes) =>
    verbs.map((verb) => ({ verb, ...access }))
  const reading = ['get', 'list', 'watch']
  const needed = each(reading, { resource: 'serviceaccounts' })
  if (args.some((arg) => /^--watch-config-map(=true)?$/.test(arg)))
    needed.push(...each(reading, { resource: 'configmaps', name: 'pod-identity-webhook', namespace }))
  if (flag('in-cluster') !== 'true') return needed
  const configuration = { group: ADMISSION, resource: 'mutatingwebhookconfigurations' }
  return [
    ...needed,
    ...each([...reading, 'patch'], {
      resource: 'secrets',
      name: flag('tls-secret') ?? 'pod-identity-webhook',
      namespace,
    }),
    ...each([...reading, 'patch'], {
      ...configuration,
      name: flag('webhook-configuration') ?? 'pod-identity-webhook',
    }),
  ]
}

/** Whether you may install the webhook. */
export async function checkInstallPermissions({ reader, installation }: CheckContext): Promise<Verdict> {
  const namespace = await installation.namespace()
  const clusterWide = [
    ['', 'namespaces'],
    [RBAC, 'clusterroles'],
    [RBAC, 'clusterrolebindings'],
    [ADMISSION, 'mutatingwebhookconfigurations'],
    [ADMISSION, 'validatingadmissionpolicies'],
    [ADMISSION, 'validatingadmissionpolicybindings'],
  ] as const
  const namespaced = [
    ['', 'serviceaccounts'],
    ['', 'services'],
    ['', 'secrets'],
    ['apps', 'deployments'],
    ['policy', 'poddisruptionbudgets'],
    ['networking.k8s.io', 'networkpolicies'],
    [RBAC, 'roles'],
    [RBAC, 'rolebindings'],
  ] as const
  const accesses = ['create', 'patch'].flatMap((verb) => [
    ...clusterWide.map(([group, resource]) => ({ verb, group, resource })),
    ...namespaced.map(([group, resource]) => ({ verb, group, resource, namespace })),
  ])
  const missing = await findMissingAccess(reader, accesses)
  if (missing.length === 0) return pass(`you may install into namespace ${namespace}`)
  return fail({ message: `you may not ${missing.join(', ')}`, hint: 'ask an administrator of the cluster' })
}
