import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createKubectl } from '../../../scripts/cluster/kubectl.ts'
import { renderManifests } from '../../../scripts/cluster/rendered-manifests.ts'
import type { Cluster } from './cluster.ts'
import { formatKubeconfig } from './kubeconfig.ts'

/** What runs things: left out, they are run by the test. */
const RUNNERS = ['Deployment', 'CronJob']

/** Who a component's program is to the API server. */
export interface ComponentAccess {
  readonly token: string
  readonly kubeconfigPath: string
}

/**
 * Applies the objects of a component that are named `name`, its roles and policies among them, and makes a kubeconfig of its
 * ServiceAccount. All of it goes when the test ends.
 */
export async function grantComponentAccess(
  t: Test,
  { client, connection, kubectl }: Cluster,
  { namespace, component, name }: Readonly<Record<'namespace' | 'component' | 'name', string>>,
): Promise<ComponentAccess> {
  const manifests = await renderManifests(createKubectl(connection.kubectlPath), {
    namespace,
    certificateMode: 'self-managed',
    components: [component],
  })
  const items = manifests.filter(({ kind, metadata }) => !RUNNERS.includes(kind) && metadata.name === name)
  const { exitCode, stderr } = await kubectl(['apply', '--filename=-'], {
    apiVersion: 'v1',
    kind: 'List',
    items,
  })
  if (exitCode !== 0) throw new Error(stderr)
  t.teardown(async () => {
    for (const item of items)
      await kubectl(['delete', '--ignore-not-found', '--wait=false', '--filename=-'], item)
  })
  const { status } = await client.create<{ status: { token: string } }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  )
  const kubeconfigPath = join(connection.workFolder, `${namespace}-${name}.kubeconfig`)
  const { apiServerUrl: url, caPem } = connection
  await writeFile(kubeconfigPath, formatKubeconfig({ url, caPem, token: status.token }), { mode: 0o600 })
  return { token: status.token, kubeconfigPath }
}
