import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1Service } from '@kubernetes/client-node'
import type { Test } from 'tap'
import { createTestAuthority, issueTestCertificate } from './certificates.ts'
import type { Cluster } from './cluster.ts'
import { poll } from './daemon.ts'
import { formatKubeconfig } from './kubeconfig.ts'
import { startLoadBalancer } from './load-balancer.ts'
import { mountCertificate } from './mounted-certificate.ts'
import { startReplica } from './replica.ts'
import { requestToken } from './webhook-access.ts'
import { describePod, roleArn } from './webhook-registration.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const REGISTRATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const NAME = 'pod-identity-webhook'
const CALLED_TIMEOUT_MS = 30_000

/** A process of ours that serves where AWS's Go webhook does: in namespace default, by its Service, under the same names. */
export interface OldWebhook {
  /** In base64. */
  readonly caBundle: string
  stop(): Promise<void>
}

/** What the Go webhook's own manifests make, as far as the names are the same, and a process that serves there. */
export async function startOldWebhook(t: Test, cluster: Cluster): Promise<OldWebhook> {
  const { client } = cluster
  await client.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: NAME } })
  await client.create(`${RBAC}/clusterroles`, {
    metadata: { name: NAME },
    rules: [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'watch', 'list'] }],
  })
  await client.create(`${RBAC}/clusterrolebindings`, {
    metadata: { name: NAME },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: 'default' }],
  })
  const authority = await createTestAuthority('old')
  const caBundle = Buffer.from(authority.certificatePem).toString('base64')
  const pair = await issueTestCertificate(authority, [`${NAME}.default.svc`])
  const folder = await mkdtemp(join(cluster.connection.workFolder, 'old-webhook-'))
  const files = await mountCertificate(folder, pair)
  const stop = await serveAtService(t, cluster, 'default', [
    '--in-cluster=false',
    `--tls-cert=${files.certificatePath}`,
    `--tls-key=${files.privateKeyPath}`,
  ])
  await client.create(REGISTRATIONS, {
    metadata: { name: NAME },
    webhooks: [
      {
        name: 'pod-identity-webhook.amazonaws.com',
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        admissionReviewVersions: ['v1beta1'],
        clientConfig: { service: { name: NAME, namespace: 'default', path: '/mutate' }, caBundle },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
      },
    ],
  })
  return { caBundle, stop }
}

/**
 * Starts a process with the permissions of a namespace's ServiceAccount, which answers at the namespace's Service, made here
 * where it is missing. Resolves once it is ready; the function returned stops it.
 */
export async function serveAtService(
  t: Test,
  cluster: Cluster,
  namespace: string,
  flags: readonly string[],
): Promise<() => Promise<void>> {
  const { client, connection } = cluster
  const services = `/api/v1/namespaces/${namespace}/services`
  if ((await client.send('GET', `${services}/${NAME}`)).status === 404)
    await client.create(services, { metadata: { name: NAME }, spec: { ports: [{ port: 443 }] } })
  const { spec } = await client.get<V1Service>(`${services}/${NAME}`)
  const folder = await mkdtemp(join(connection.workFolder, 'service-'))
  const kubeconfigPath = join(folder, 'kubeconfig')
  const token = await requestToken(cluster, namespace)
  const kubeconfig = { url: connection.apiServerUrl, caPem: connection.caPem, token }
  await writeFile(kubeconfigPath, formatKubeconfig(kubeconfig), { mode: 0o600 })
  const balancer = await startLoadBalancer({ host: spec?.clusterIP ?? '', port: 443 })
  const replica = await startReplica({
    folder,
    kubeconfigPath,
    flags: [`--namespace=${namespace}`, '--shutdown-delay=0s', '--shutdown-timeout=2s', ...flags],
  })
  const stop = async () => {
    await balancer.close()
    await replica.daemon.stop()
  }
  let isStopped: Promise<void> | undefined
  const stopOnce = () => {
    isStopped ??= stop()
    return isStopped
  }
  t.teardown(stopOnce)
  balancer.add(replica.port)
  await balancer.waitUntilServing([replica.port])
  return stopOnce
}

/** Resolves once the API server calls a webhook for pods of a namespace, which takes it up to a second to notice. */
export async function waitUntilMutated({ client }: Cluster, namespace: string): Promise<void> {
  const name = 'registration-probe'
  const annotations = { 'eks.amazonaws.com/role-arn': roleArn(name) }
  await client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name, annotations } })
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
  const isMutated = async () => {
    const { body } = await client.send('POST', path, describePod('probe', name))
    return JSON.stringify(body).includes('AWS_ROLE_ARN') || undefined
  }
  if (!(await poll(isMutated, CALLED_TIMEOUT_MS))) throw new Error(`nobody mutates pods of ${namespace}`)
}
