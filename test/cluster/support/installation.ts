import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1MutatingWebhookConfiguration, V1Service } from '@kubernetes/client-node'
import { createKubectl } from '../../../scripts/cluster/kubectl.ts'
import type { Manifest } from '../../../scripts/cluster/manifest.ts'
import { renderManifests } from '../../../scripts/cluster/rendered-manifests.ts'
import type { Cluster } from './cluster.ts'
import { formatKubeconfig } from './kubeconfig.ts'
import { requestToken } from './webhook-access.ts'

const NAMESPACE = 'eks'
const NAME = 'pod-identity-webhook'

/** The names by which API servers may reach the Service. */
export const SERVICE_NAMES = [
  NAME,
  `${NAME}.${NAMESPACE}`,
  `${NAME}.${NAMESPACE}.svc`,
  `${NAME}.${NAMESPACE}.svc.cluster.local`,
] as const

/** The shipped manifests, applied as they are but for the failurePolicy; where the Deployment's pods would be, the test starts processes. */
export interface Installation {
  readonly namespace: string
  /** Of the ServiceAccount that the Deployment's pods have. */
  readonly kubeconfigPath: string
  /** The Service's cluster IP and port. The control plane takes cluster IPs from 127.0.0.0/8, so that a test may listen there. */
  readonly serviceAddress: { readonly host: string; readonly port: number }
  /** Applies the MutatingWebhookConfiguration, with this caBundle in PEM where there is one. */
  register(caBundlePem?: string): Promise<void>
}

/** Applies the self-managed overlay, all but the webhook configuration, which `register` applies. */
export async function installWebhook(
  cluster: Cluster,
  { failurePolicy }: { readonly failurePolicy: 'Fail' | 'Ignore' },
): Promise<Installation> {
  const manifests = await renderManifests(createKubectl(cluster.connection.kubectlPath), {
    namespace: NAMESPACE,
    certificateMode: 'self-managed',
    components: [],
  })
  const registration = manifests.find(isRegistration)
  if (registration === undefined) throw new Error('there is no MutatingWebhookConfiguration')
  await apply(
    cluster,
    manifests.filter((manifest) => manifest !== registration),
  )
  const { spec } = await cluster.client.get<V1Service>(`/api/v1/namespaces/${NAMESPACE}/services/${NAME}`)
  return {
    namespace: NAMESPACE,
    kubeconfigPath: await writeKubeconfig(cluster),
    serviceAddress: { host: spec?.clusterIP ?? '', port: spec?.ports?.[0]?.port ?? 0 },
    async register(caBundlePem) {
      const webhooks = registration.webhooks?.map(({ clientConfig, ...webhook }) => ({
        ...webhook,
        failurePolicy,
        clientConfig: {
          ...clientConfig,
          ...(caBundlePem === undefined ? {} : { caBundle: Buffer.from(caBundlePem).toString('base64') }),
        },
      }))
      await apply(cluster, [{ ...registration, webhooks }])
    },
  }
}

function isRegistration(manifest: Manifest): manifest is Manifest & V1MutatingWebhookConfiguration {
  return manifest.kind === 'MutatingWebhookConfiguration'
}

async function writeKubeconfig(cluster: Cluster): Promise<string> {
  const { connection } = cluster
  const token = await requestToken(cluster, NAMESPACE)
  const path = join(connection.workFolder, 'installation.kubeconfig')
  const kubeconfig = { url: connection.apiServerUrl, caPem: connection.caPem, token }
  await writeFile(path, formatKubeconfig(kubeconfig), { mode: 0o600 })
  return path
}

async function apply(cluster: Cluster, items: readonly unknown[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items }
  await runKubectl(cluster, ['apply', '--server-side', '--force-conflicts', '--filename=-'], list)
}

async function runKubectl(cluster: Cluster, args: readonly string[], input?: unknown): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl(args, input)
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}
