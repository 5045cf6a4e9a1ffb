import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createKubectl } from '../../../scripts/cluster/kubectl.ts'
import { type Manifest, OWN_NAME } from '../../../scripts/cluster/manifest.ts'
import { renderManifests } from '../../../scripts/cluster/rendered-manifests.ts'
import type { Cluster } from './cluster.ts'
import { formatKubeconfig } from './kubeconfig.ts'

const PATHS: Readonly<Record<string, (namespace: string) => string>> = {
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  Role: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
  RoleBinding: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
  ClusterRole: () => '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: () => '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
}

/**
 * Creates the webhook's ServiceAccount with exactly the permissions that deploy/overlays/self-managed and components give it,
 * and a kubeconfig with its token.
 *
 * `namespace` is the webhook's own. Returns the path of the kubeconfig.
 */
export async function grantWebhookAccess(
  cluster: Cluster,
  namespace: string,
  options: {
    /** Components of deploy whose permissions it has too. */
    readonly components?: readonly string[]
    /** What the kubeconfig names instead of the API server itself. */
    readonly connection?: { readonly url: string; readonly caPem: string }
  } = {},
): Promise<string> {
  const { client, connection } = cluster
  const manifests = await renderManifests(createKubectl(connection.kubectlPath), {
    namespace,
    certificateMode: 'self-managed',
    components: options.components ?? [],
  })
  for (const manifest of manifests) {
    const path = PATHS[manifest.kind]?.(namespace)
    if (path !== undefined) await client.create(path, nameForNamespace(manifest, namespace))
  }
  const token = await requestToken(cluster, namespace)
  const path = join(connection.workFolder, `${namespace}.kubeconfig`)
  const { url, caPem } = options.connection ?? { url: connection.apiServerUrl, caPem: connection.caPem }
  const kubeconfig = { url, caPem, token }
  await writeFile(path, formatKubeconfig(kubeconfig), { mode: 0o600 })
  return path
}

/** Issues a token of the webhook's ServiceAccount in a namespace. */
export async function requestToken(
  { client }: Cluster,
  namespace: string,
  name: string = OWN_NAME,
): Promise<string> {
  const { status } = await client.create<{ status: { token: string } }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  )
  return status.token
}

/**
 * The suite has many webhooks at once, each in a namespace of its own: what the whole cluster has is named for it, and
 * carries no label by which it would be taken for what another test deployed.
 */
function nameForNamespace({ metadata: labelled, ...rest }: Manifest, namespace: string): Manifest {
  const { labels: _, ...metadata } = labelled
  const manifest = { ...rest, metadata }
  if (!manifest.kind.startsWith('Cluster')) return manifest
  const { roleRef } = manifest as { readonly roleRef?: { readonly name: string } }
  const rename = (name: string) => name.replace(OWN_NAME, namespace)
  return {
    ...manifest,
    metadata: { ...manifest.metadata, name: rename(manifest.metadata.name) },
    ...(roleRef && { roleRef: { ...roleRef, name: rename(roleRef.name) } }),
  }
}
