import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { V1MutatingWebhookConfiguration, V1Service } from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import type { Cluster } from './cluster.ts'
import { poll } from './daemon.ts'
import { formatKubeconfig } from './kubeconfig.ts'
import { describePod, roleArn } from './webhook-registration.ts'

const OVERLAY = fileURLToPath(new URL('../../../deploy/overlays/self-managed/', import.meta.url))
const NAMESPACE = 'eks'
const NAME = 'pod-identity-webhook'

/** The names by which API servers may reach the Service. */
export const SERVICE_NAMES = [
  NAME,
  `${NAME}.${NAMESPACE}`,
  `${NAME}.${NAMESPACE}.svc`,
  `${NAME}.${NAMESPACE}.svc.cluster.local`,
] as const

/** A name that no workload of the tests has. */
const PROBE_ACCOUNT = 'registration-probe'
const CALLED_TIMEOUT_MS = 30_000

/** The shipped manifests, applied as they are but for the failurePolicy; where the Deployment's pods would be, the test starts processes. */
export interface Installation {
  readonly namespace: string
  /** Of the ServiceAccount that the Deployment's pods have. */
  readonly kubeconfigPath: string
  /** The Service's cluster IP and port. The control plane takes cluster IPs from 127.0.0.0/8, so that a test may listen there. */
  readonly serviceAddress: { readonly host: string; readonly port: number }
  /** Applies the MutatingWebhookConfiguration, with this caBundle in PEM where there is one. */
  register(caBundlePem?: string): Promise<void>
  /** Resolves once the API server calls the webhook for pods of a namespace, which takes it up to a second to notice. */
  waitUntilCalled(namespace: string): Promise<void>
}

interface Manifest {
  readonly kind: string
}

/** Applies the self-managed overlay, all but the webhook configuration, which `register` applies. */
export async function installWebhook(
  cluster: Cluster,
  { failurePolicy }: { readonly failurePolicy: 'Fail' | 'Ignore' },
): Promise<Installation> {
  const rendered = await runKubectl(cluster, ['kustomize', OVERLAY])
  const manifests: readonly Manifest[] = parseAllDocuments(rendered).map((document) => document.toJS())
  const registration = manifests.find(isRegistration)
  if (registration === undefined) throw new Error(`${OVERLAY} has no MutatingWebhookConfiguration`)
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
    async waitUntilCalled(namespace) {
      const annotations = { 'eks.amazonaws.com/role-arn': roleArn(PROBE_ACCOUNT) }
      await cluster.client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
        metadata: { name: PROBE_ACCOUNT, annotations },
      })
      const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
      const isCalled = async () => {
        const { body } = await cluster.client.send('POST', path, describePod('probe', PROBE_ACCOUNT))
        return JSON.stringify(body).includes('AWS_ROLE_ARN') || undefined
      }
      if (await poll(isCalled, CALLED_TIMEOUT_MS)) return
      throw new Error(`the API server does not call the webhook within ${CALLED_TIMEOUT_MS} ms`)
    },
  }
}

function isRegistration(manifest: Manifest): manifest is Manifest & V1MutatingWebhookConfiguration {
  return manifest.kind === 'MutatingWebhookConfiguration'
}

async function writeKubeconfig({ client, connection }: Cluster): Promise<string> {
  const { status } = await client.create<{ status: { token: string } }>(
    `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${NAME}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  )
  const path = join(connection.workFolder, 'installation.kubeconfig')
  const kubeconfig = { url: connection.apiServerUrl, caPem: connection.caPem, token: status.token }
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
