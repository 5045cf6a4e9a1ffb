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

const NAME = 'pod-identity-webhook'
const CALLED_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 240_000

/** How another installation of the webhook names its objects, and what it is told. */
export interface OldInstallation {
  readonly namespace: string
  /** Of all its objects, the ConfigMap apart. */
  readonly name: string
  readonly servicePort: number
  readonly failurePolicy: 'Ignore' | 'Fail'
  /** Flags that count for what pods get. */
  readonly flags: readonly string[]
  /** Its ConfigMap `pod-identity-webhook`, where it has one. */
  readonly roles?: Readonly<Record<string, unknown>>
  /** Annotations of its webhook configuration. */
  readonly annotations?: Readonly<Record<string, string>>
}

/** What the Go webhook's own manifests make. */
export const GO_WEBHOOK: OldInstallation = {
  namespace: 'default',
  name: NAME,
  servicePort: 443,
  failurePolicy: 'Ignore',
  flags: [],
}

/** A process of ours that serves where another webhook does, by its Service, under the same names. */
export interface OldWebhook {
  /** In base64. */
  readonly caBundle: string
  stop(): Promise<void>
}

/**
 * Makes what an installation has, as far as the names are the same, and a process that serves there. It ends at once when the
 * Deployment is deleted, as its pods would. `install` creates the objects; kubectl does where it is absent.
 */
export async function startOldWebhook(
  t: Test,
  cluster: Cluster,
  installation = GO_WEBHOOK,
  install = (objects: readonly object[]) => createWithKubectl(cluster, objects),
): Promise<OldWebhook> {
  const { namespace, name, servicePort, flags, roles } = installation
  const authority = await createTestAuthority('old')
  const caBundle = Buffer.from(authority.certificatePem).toString('base64')
  await install(describeInstallation(installation, caBundle))
  const pair = await issueTestCertificate(authority, [`${name}.${namespace}.svc`])
  const folder = await mkdtemp(join(cluster.connection.workFolder, 'old-webhook-'))
  const files = await mountCertificate(folder, pair)
  const ownFlags = [
    '--in-cluster=false',
    `--tls-cert=${files.certificatePath}`,
    `--tls-key=${files.privateKeyPath}`,
    ...(roles === undefined ? [] : ['--watch-config-map']),
  ]
  const stop = await serveAtService(t, cluster, namespace, [...ownFlags, ...flags], { name, servicePort })
  const deployment = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`
  const watching = new AbortController()
  t.teardown(() => watching.abort())
  const isGone = async () => (await cluster.client.send('GET', deployment)).status === 404 || undefined
  // Where the control plane goes first, there is nothing left to stop for.
  void poll(isGone, STOP_TIMEOUT_MS, watching.signal).then(
    (gone) => (gone ? stop() : undefined),
    () => {},
  )
  return { caBundle, stop }
}

function describeInstallation(installation: OldInstallation, caBundle: string): readonly object[] {
  const { namespace, name, servicePort, failurePolicy, roles, annotations } = installation
  const labels = { app: name }
  const rbac = 'rbac.authorization.k8s.io'
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const bind = (kind: string, role: string, metadata: object) => ({
    apiVersion: `${rbac}/v1`,
    kind,
    metadata,
    roleRef: { apiGroup: rbac, kind: role, name },
    subjects,
  })
  const allow = (kind: string, resource: string, metadata: object) => ({
    apiVersion: `${rbac}/v1`,
    kind,
    metadata,
    rules: [{ apiGroups: [''], resources: [resource], verbs: ['get', 'watch', 'list'] }],
  })
  const container = { name: 'webhook', image: 'registry.test.invalid/old-webhook:1' }
  const entry = {
    name: 'pod-identity-webhook.amazonaws.com',
    failurePolicy,
    sideEffects: 'None',
    admissionReviewVersions: ['v1beta1'],
    clientConfig: { service: { name, namespace, path: '/mutate', port: servicePort }, caBundle },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
  }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    allow('ClusterRole', 'serviceaccounts', { name }),
    bind('ClusterRoleBinding', 'ClusterRole', { name }),
    allow('Role', 'configmaps', { name, namespace }),
    bind('RoleBinding', 'Role', { name, namespace }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { ports: [{ port: servicePort }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      // No node would run them.
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    },
    ...(roles === undefined
      ? []
      : [
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: NAME, namespace },
            data: { config: JSON.stringify(roles) },
          },
        ]),
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name, ...(annotations && { annotations }) },
      webhooks: [entry],
    },
  ]
}

async function createWithKubectl(cluster: Cluster, items: readonly object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items }
  const { exitCode, stderr } = await cluster.kubectl(['create', '--filename=-'], list)
  if (exitCode !== 0) throw new Error(`kubectl create: ${stderr}`)
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
  { name, servicePort } = { name: NAME, servicePort: 443 },
): Promise<() => Promise<void>> {
  const { client, connection } = cluster
  const services = `/api/v1/namespaces/${namespace}/services`
  if ((await client.send('GET', `${services}/${name}`)).status === 404)
    await client.create(services, { metadata: { name }, spec: { ports: [{ port: servicePort }] } })
  const { spec } = await client.get<V1Service>(`${services}/${name}`)
  const folder = await mkdtemp(join(connection.workFolder, 'service-'))
  const kubeconfigPath = join(folder, 'kubeconfig')
  const token = await requestToken(cluster, namespace, name)
  const kubeconfig = { url: connection.apiServerUrl, caPem: connection.caPem, token }
  await writeFile(kubeconfigPath, formatKubeconfig(kubeconfig), { mode: 0o600 })
  const balancer = await startLoadBalancer({ host: spec?.clusterIP ?? '', port: servicePort })
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
