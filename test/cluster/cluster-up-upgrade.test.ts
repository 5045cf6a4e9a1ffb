import { execFile } from 'node:child_process'
import { mkdtemp, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { V1ClusterRoleBinding, V1MutatingWebhookConfiguration } from '@kubernetes/client-node'
import t from 'tap'
import { ApiError } from './support/api-client.ts'
import { useCluster } from './support/cluster.ts'
import { runMake } from './support/make-command.ts'

const run = promisify(execFile)

const ROOT_FOLDER = fileURLToPath(new URL('../../', import.meta.url))
const REGISTRATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const NAME = 'pod-identity-webhook'
const OLD_SERVICE = { name: NAME, namespace: 'default', path: '/mutate', port: 443 }

const cluster = await useCluster(t)
const caBundle = Buffer.from(cluster.connection.caPem).toString('base64')
const [copyCommands = '', deployCommands = '', removeCommands = ''] = await readCommands(
  "From AWS's Go webhook, without a gap",
)

t.test('the guide for an upgrade keeps the old webhook registered until the new one is', async (t) => {
  await deployGoWebhook()

  await runShell(copyCommands)
  await runShell(deployCommands)
  t.match(await getConfiguration(NAME), { webhooks: [{ clientConfig: { service: { namespace: 'eks' } } }] })
  t.match(await getConfiguration(`${NAME}-go`), {
    webhooks: [{ failurePolicy: 'Ignore', clientConfig: { service: OLD_SERVICE, caBundle } }],
  })
  const oldBinding = await cluster.client.get<V1ClusterRoleBinding>(`${RBAC}/clusterrolebindings/${NAME}-go`)
  t.match(oldBinding, { roleRef: { name: NAME }, subjects: [{ name: NAME, namespace: 'default' }] })

  await runShell(removeCommands)
  await t.rejects(getConfiguration(`${NAME}-go`), ApiError)
  t.match(await getConfiguration(NAME), { webhooks: [{ clientConfig: { service: { namespace: 'eks' } } }] })
  await t.rejects(cluster.client.get(`/api/v1/namespaces/default/serviceaccounts/${NAME}`), ApiError)
  t.match(await runMake(cluster, 'cluster-down', {}), { exitCode: 0, stderr: '' })
})

/** What its own manifests make, as far as the names are the same. */
async function deployGoWebhook(): Promise<void> {
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
  await client.create(REGISTRATIONS, {
    metadata: { name: NAME },
    webhooks: [
      {
        name: 'pod-identity-webhook.amazonaws.com',
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        admissionReviewVersions: ['v1beta1'],
        clientConfig: { service: OLD_SERVICE, caBundle },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
      },
    ],
  })
}

function getConfiguration(name: string) {
  return cluster.client.get<V1MutatingWebhookConfiguration>(`${REGISTRATIONS}/${name}`)
}

/** The commands in a chapter of the guide, block by block. */
async function readCommands(chapter: string): Promise<readonly string[]> {
  const guide = await readFile(join(ROOT_FOLDER, 'docs', 'install.md'), 'utf8')
  const text = guide.slice(guide.indexOf(`## ${chapter}\n`)).split('\n## ')[0] ?? ''
  return [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, commands = '']) => commands)
}

/** As somebody types it whose kubectl is the control plane's; nothing runs pods here, so nothing is waited for. */
async function runShell(commands: string): Promise<void> {
  const { adminKubeconfigPath, kubectlPath, workFolder } = cluster.connection
  const binFolder = await mkdtemp(join(workFolder, 'bin-'))
  await symlink(kubectlPath, join(binFolder, 'kubectl'))
  await run('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd: ROOT_FOLDER,
    env: {
      ...process.env,
      PATH: `${binFolder}:${process.env['PATH']}`,
      KUBECONFIG: adminKubeconfigPath,
      IMAGE: 'registry.test.invalid/webhook:1',
      WAIT: 'no',
    },
  })
}
