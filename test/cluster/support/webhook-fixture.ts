import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Cluster } from './cluster.ts'
import { startWebhook, type Webhook } from './webhook.ts'
import { grantWebhookAccess } from './webhook-access.ts'

/** The webhook's own flags and files, beside what every test needs. */
export interface WebhookOptions {
  /** The webhook's namespace: of its ConfigMap and its ServiceAccount. It is created. */
  readonly namespace: string
  /** `namespace/name` of ServiceAccounts that a file lists for container credentials; absent for no file. */
  readonly containerCredentials?: readonly string[]
  readonly flags?: readonly string[]
  /** Components of deploy whose permissions it has. */
  readonly components?: readonly string[]
  /** Gives the webhook another API server than the suite's, in its kubeconfig. */
  readonly connection?: { readonly url: string; readonly caPem: string }
  /** Runs once the webhook's access is prepared, before its process starts. */
  readonly beforeStart?: () => Promise<void>
}

/** Starts a webhook with an access of its own to the API server; it is stopped when the test ends. */
export async function useWebhook(t: Test, cluster: Cluster, options: WebhookOptions): Promise<Webhook> {
  await cluster.createNamespace(options.namespace)
  const kubeconfigPath = await grantWebhookAccess(cluster, options.namespace, {
    components: options.components ?? [],
    ...(options.connection && { connection: options.connection }),
  })
  const folder = await mkdtemp(join(cluster.connection.workFolder, 'webhook-'))
  const { containerCredentials } = options
  const credentialsPath = join(folder, 'container-credentials.json')
  if (containerCredentials !== undefined) {
    const identities = containerCredentials.map((key) => {
      const [namespace, serviceAccount] = key.split('/')
      return { namespace, serviceAccount }
    })
    await writeFile(credentialsPath, JSON.stringify({ identities }))
  }
  await options.beforeStart?.()
  const webhook = await startWebhook({
    folder,
    flags: [
      `--kubeconfig=${kubeconfigPath}`,
      `--namespace=${options.namespace}`,
      ...(containerCredentials === undefined
        ? []
        : [`--watch-container-credentials-config=${credentialsPath}`]),
      ...(options.flags ?? []),
    ],
  })
  t.teardown(() => webhook.stop())
  return webhook
}
