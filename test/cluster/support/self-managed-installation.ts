import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Cluster } from './cluster.ts'
import { formatKubeconfig } from './kubeconfig.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/** The Secret, the Service and the ServiceAccount of an installation. */
export const INSTALLED_NAME = 'pod-identity-webhook'

/** What self-managed certificates need in a cluster, under the name of a namespace of its own, and how a test reaches into it. */
export interface Installation {
  readonly namespace: string
  readonly kubeconfigPath: string
  readonly server: { readonly url: string; readonly caPem: string; readonly token: string }
  /** Of every `serve` of this installation. */
  readonly flags: readonly string[]
  /** What an API server asks a certificate to name. */
  readonly serverName: string
  /** Decoded; undefined where there is no Secret. */
  readSecret(): Promise<Readonly<Record<string, string>> | undefined>
  /** Creates it, or sets its keys; null takes one away. */
  writeSecret(data: Readonly<Record<string, string | null>>): Promise<void>
  deleteSecret(): Promise<void>
  /** The PEM that API servers trust now. */
  readTrustedPem(): Promise<string>
  writeTrustedPem(pem: string): Promise<void>
  createConfiguration(): Promise<void>
}

interface Configuration {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[]
}

/** Installs: the namespace, the ServiceAccount with its least permissions, and the webhook configuration. */
export async function install(
  t: Test,
  cluster: Cluster,
  namespace: string,
  options: { readonly isConfigured?: boolean } = {},
): Promise<Installation> {
  await cluster.createNamespace(namespace)
  const token = await grantCertificateAccess(cluster, namespace)
  const server = { url: cluster.connection.apiServerUrl, caPem: cluster.connection.caPem, token }
  const kubeconfigPath = join(cluster.connection.workFolder, `${namespace}.kubeconfig`)
  await writeFile(kubeconfigPath, formatKubeconfig(server), { mode: 0o600 })
  const secretPath = `/api/v1/namespaces/${namespace}/secrets/${INSTALLED_NAME}`
  const configurationPath = `${CONFIGURATIONS}/${namespace}`
  const patch = async (kind: 'secret' | 'mutatingwebhookconfiguration', body: unknown, type = 'merge') => {
    const name = kind === 'secret' ? INSTALLED_NAME : namespace
    const args = [
      'patch',
      kind,
      name,
      `--namespace=${namespace}`,
      `--type=${type}`,
      '-p',
      JSON.stringify(body),
    ]
    const { exitCode, stderr } = await cluster.kubectl(args)
    if (exitCode !== 0) throw new Error(stderr)
  }
  const installation: Installation = {
    namespace,
    kubeconfigPath,
    server,
    flags: [
      '--in-cluster=true',
      `--kubeconfig=${kubeconfigPath}`,
      `--namespace=${namespace}`,
      `--webhook-configuration=${namespace}`,
    ],
    serverName: `${INSTALLED_NAME}.${namespace}.svc`,
    async readSecret() {
      const { status, body } = await cluster.client.send('GET', secretPath)
      if (status === 404) return undefined
      const { data } = body as { readonly data?: Readonly<Record<string, string>> }
      return Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, decode(value)]))
    },
    async writeSecret(data) {
      const entries = Object.entries(data).map(([key, text]) => [key, text === null ? null : encode(text)])
      await patch('secret', { data: Object.fromEntries(entries) })
    },
    async deleteSecret() {
      await cluster.client.send('DELETE', secretPath)
    },
    async readTrustedPem() {
      const { webhooks } = await cluster.client.get<Configuration>(configurationPath)
      return decode(webhooks[0]?.clientConfig.caBundle ?? '')
    },
    async writeTrustedPem(pem) {
      const value = encode(pem)
      await patch(
        'mutatingwebhookconfiguration',
        [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value }],
        'json',
      )
    },
    async createConfiguration() {
      await cluster.client.create(CONFIGURATIONS, describeConfiguration(namespace))
    },
  }
  // As it is shipped: empty.
  await cluster.client.create(`/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name: INSTALLED_NAME },
  })
  if (options.isConfigured ?? true) await installation.createConfiguration()
  t.teardown(() => cluster.client.send('DELETE', configurationPath))
  return installation
}

/** A ServiceAccount with what the webhook needs for certificates, by name, and for ServiceAccounts; returns its token. */
async function grantCertificateAccess(cluster: Cluster, namespace: string): Promise<string> {
  const { client } = cluster
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await client.create(accounts, { metadata: { name: INSTALLED_NAME } })
  const subjects = [{ kind: 'ServiceAccount', name: INSTALLED_NAME, namespace }]
  const read = ['get', 'list', 'watch']
  const grant = async (kind: 'Role' | 'ClusterRole', rules: readonly object[]) => {
    const isRole = kind === 'Role'
    const place = isRole ? `${RBAC}/namespaces/${namespace}` : RBAC
    const metadata = { name: namespace }
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name: namespace }
    await client.create(`${place}/${isRole ? 'roles' : 'clusterroles'}`, { metadata, rules })
    await client.create(`${place}/${isRole ? 'rolebindings' : 'clusterrolebindings'}`, {
      metadata,
      roleRef,
      subjects,
    })
  }
  await grant('ClusterRole', [
    { apiGroups: [''], resources: ['serviceaccounts'], verbs: read },
    {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['mutatingwebhookconfigurations'],
      resourceNames: [namespace],
      verbs: [...read, 'patch'],
    },
  ])
  await grant('Role', [
    {
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: [INSTALLED_NAME],
      verbs: [...read, 'patch', 'create'],
    },
  ])
  const { status } = await client.create<{ status: { token: string } }>(
    `${accounts}/${INSTALLED_NAME}/token`,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3600 },
    },
  )
  return status.token
}

/** Names the Service, at which nobody listens, and selects no namespace, so that no pod of another test waits for it. */
function describeConfiguration(namespace: string) {
  return {
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'pod-identity-webhook.amazonaws.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Ignore',
        clientConfig: { service: { name: INSTALLED_NAME, namespace, path: '/mutate' } },
        namespaceSelector: { matchLabels: { 'example.test/selected': 'never' } },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
      },
    ],
  }
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}
