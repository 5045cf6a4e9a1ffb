import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cluster } from '../../test/cluster/support/cluster.ts'
import { poll } from '../../test/cluster/support/daemon.ts'
import { readMetric, startWebhook, type Webhook } from '../../test/cluster/support/webhook.ts'
import { grantWebhookAccess } from '../../test/cluster/support/webhook-access.ts'
import { describePod, registerWebhook, roleArn } from '../../test/cluster/support/webhook-registration.ts'
import { SERVER_NODE_OPTIONS } from '../servers/webhook-command.ts'

/** As many ServiceAccounts as clients use at once at the most. */
export const MAX_CLIENTS = 25

/** What the pods of one namespace pass through when they are created. */
export interface CreationContender {
  readonly name: string
  readonly namespace: string
  /** The role that a pod of account `index` must have; undefined where nobody gives any. */
  expectedRole(index: number): string | undefined
  /** GETs that the webhook has sent so far to look something up; undefined where it is not ours. */
  countGets(): Promise<number | undefined>
  close(): Promise<void>
}

/** A webhook of somebody else, that was started by hand. */
export interface ReferenceWebhook {
  readonly url: string
  /** The authority of its certificate, in PEM. */
  readonly caPem: string
}

/** Nobody is asked. */
export async function openNone(cluster: Cluster): Promise<CreationContender> {
  const namespace = 'none'
  await createAccounts(cluster, namespace)
  return {
    name: namespace,
    namespace,
    expectedRole: () => undefined,
    countGets: async () => undefined,
    close: async () => {},
  }
}

/** Our webhook, as it is shipped, with lookups of this mode. */
export async function openOurs(cluster: Cluster, mode: 'cached' | 'fresh'): Promise<CreationContender> {
  await createAccounts(cluster, mode)
  const kubeconfigPath = await grantWebhookAccess(cluster, mode)
  const webhook = await startWebhook({
    folder: await mkdtemp(join(cluster.connection.workFolder, `${mode}-`)),
    flags: [`--kubeconfig=${kubeconfigPath}`, `--namespace=${mode}`, `--service-account-lookup=${mode}`],
    nodeOptions: SERVER_NODE_OPTIONS.split(' '),
    logLevel: 'info',
  })
  await webhook.waitUntilReady()
  await registerWebhook(cluster, webhook, { namespace: mode, failurePolicy: 'Fail' })
  return {
    name: mode,
    namespace: mode,
    expectedRole: (index) => roleArn(`account-${index}`),
    countGets: () => countGets(webhook),
    close: async () => void (await webhook.stop()),
  }
}

/** Somebody else's webhook: waits until it gives pods of its namespace their role. */
export async function openReference(
  cluster: Cluster,
  { url, caPem }: ReferenceWebhook,
  timeoutMs: number,
): Promise<CreationContender> {
  const namespace = 'reference'
  await createAccounts(cluster, namespace)
  await registerWebhook(cluster, { url, caPem }, { namespace, failurePolicy: 'Ignore', isAwaited: false })
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
  const isServing = await poll(async () => {
    const { body } = await cluster.client.send('POST', path, describePod('probe', 'account-0'))
    return JSON.stringify(body).includes('AWS_ROLE_ARN') || undefined
  }, timeoutMs)
  if (!isServing) throw new Error(`${url} gives pods of namespace ${namespace} no role`)
  return {
    name: namespace,
    namespace,
    expectedRole: (index) => roleArn(`account-${index}`),
    countGets: async () => undefined,
    close: async () => {},
  }
}

async function createAccounts(cluster: Cluster, namespace: string): Promise<void> {
  await cluster.createNamespace(namespace)
  for (let index = 0; index < MAX_CLIENTS; index++) {
    const name = `account-${index}`
    await cluster.client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
      metadata: { name, annotations: { 'eks.amazonaws.com/role-arn': roleArn(name) } },
    })
  }
}

async function countGets(webhook: Webhook): Promise<number> {
  return readMetric(await webhook.scrapeMetrics(), 'pod_identity_webhook_lookup_requests_total')
}
