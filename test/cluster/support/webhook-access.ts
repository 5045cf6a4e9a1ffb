import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import { formatKubeconfig } from './kubeconfig.ts'

const ACCOUNT_NAME = 'pod-identity-webhook'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'

/**
 * Creates a ServiceAccount with the permissions that the webhook needs and no others, and a kubeconfig with its token.
 *
 * `namespace` is the webhook's own. Returns the path of the kubeconfig.
 */
export async function grantWebhookAccess(cluster: Cluster, namespace: string): Promise<string> {
  const { client, connection } = cluster
  await client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: ACCOUNT_NAME } })
  const subjects = [{ kind: 'ServiceAccount', name: ACCOUNT_NAME, namespace }]
  const verbs = ['get', 'list', 'watch']
  await client.create(`${RBAC}/clusterroles`, {
    metadata: { name: namespace },
    rules: [{ apiGroups: [''], resources: ['serviceaccounts'], verbs }],
  })
  await client.create(`${RBAC}/clusterrolebindings`, {
    metadata: { name: namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: namespace },
    subjects,
  })
  await client.create(`${RBAC}/namespaces/${namespace}/roles`, {
    metadata: { name: ACCOUNT_NAME },
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['pod-identity-webhook'], verbs }],
  })
  await client.create(`${RBAC}/namespaces/${namespace}/rolebindings`, {
    metadata: { name: ACCOUNT_NAME },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: ACCOUNT_NAME },
    subjects,
  })
  const { status } = await client.create<{ status: { token: string } }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${ACCOUNT_NAME}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  )
  const path = join(connection.workFolder, `${namespace}.kubeconfig`)
  const kubeconfig = { url: connection.apiServerUrl, caPem: connection.caPem, token: status.token }
  await writeFile(path, formatKubeconfig(kubeconfig), { mode: 0o600 })
  return path
}
