import { execFile } from 'node:child_process'
import { mkdtemp, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type {
  V1ClusterRoleBinding,
  V1MutatingWebhookConfiguration,
  V1Pod,
  V1PodList,
} from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { ApiError } from './support/api-client.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'
import { runDeployedPods } from './support/deployed-pods.ts'
import { runMake } from './support/make-command.ts'
import { serveAtService, startOldWebhook, waitUntilMutated } from './support/old-webhook.ts'
import { WEB_IDENTITY } from './support/pod-credentials.ts'
import { startPodStream } from './support/pod-stream.ts'

const run = promisify(execFile)

const ROOT_FOLDER = fileURLToPath(new URL('../../', import.meta.url))
const REGISTRATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const NAME = 'pod-identity-webhook'
const OLD_SERVICE = { name: NAME, namespace: 'default', path: '/mutate', port: 443 }

const NEW_NAMESPACE = 'eks'
const POD_NAMESPACE = 'upgraded'
const PODS_PER_SECOND = 20
const STEP_POD_COUNT = 40
const STEP_TIMEOUT_MS = 30_000

const skip = process.getuid?.() === 0 ? false : 'to listen on port 443 of a Service takes root'

const cluster = await useCluster(t)
const [copyCommands = '', deployCommands = '', removeCommands = ''] = await readCommands(
  "From AWS's Go webhook, without a gap",
)

t.test('the guide for an upgrade misses no pod, and gives each its credentials once', { skip }, async (t) => {
  await cluster.createNamespace(POD_NAMESPACE)
  const oldWebhook = await startOldWebhook(t, cluster)
  await waitUntilMutated(cluster, POD_NAMESPACE)
  const stream = startPodStream(cluster.connection, {
    namespace: POD_NAMESPACE,
    podsPerSecond: PODS_PER_SECOND,
  })
  t.teardown(() => stream.stop())
  await stream.waitForMore(STEP_POD_COUNT)

  await runShell(copyCommands)
  const pods = runDeployedPodsOf(t)
  await Promise.all([runShell(deployCommands), pods])
  t.match(await getConfiguration(NAME), {
    webhooks: [{ clientConfig: { service: { namespace: NEW_NAMESPACE } } }],
  })
  t.match(await getConfiguration(`${NAME}-go`), {
    webhooks: [
      { failurePolicy: 'Ignore', clientConfig: { service: OLD_SERVICE, caBundle: oldWebhook.caBundle } },
    ],
  })
  const oldBinding = await cluster.client.get<V1ClusterRoleBinding>(`${RBAC}/clusterrolebindings/${NAME}-go`)
  t.match(oldBinding, { roleRef: { name: NAME }, subjects: [{ name: NAME, namespace: 'default' }] })
  await stream.waitForMore(STEP_POD_COUNT)

  await runShell(removeCommands)
  await oldWebhook.stop()
  await stream.waitForMore(STEP_POD_COUNT)
  await stream.stop()
  t.match(stream.tally, { withoutCredentials: 0, refusedByWebhook: 0, failed: 0 }, stream.failures[0] ?? '')
  const { items } = await cluster.client.get<V1PodList>(`/api/v1/namespaces/${POD_NAMESPACE}/pods`)
  t.equal(items.length, stream.tally.created)
  t.strictSame(
    items.filter((pod) => !hasCredentialsOnce(pod)).map(({ metadata }) => metadata?.name),
    [],
  )
  t.comment(`${items.length} pods`)

  await t.rejects(getConfiguration(`${NAME}-go`), ApiError)
  await t.rejects(cluster.client.get(`/api/v1/namespaces/default/serviceaccounts/${NAME}`), ApiError)
  t.match(await runMake(cluster, 'cluster-down', { WAIT: 'no' }), { exitCode: 0, stderr: '' })
  await cluster.kubectl(['delete', 'namespace', '--wait=false', POD_NAMESPACE])
})

/** What a node does with the new Deployment: a process serves at its Service, then its pods are ready. */
async function runDeployedPodsOf(t: Test): Promise<void> {
  const service = `/api/v1/namespaces/${NEW_NAMESPACE}/services/${NAME}`
  const isThere = async () => (await cluster.client.send('GET', service)).status === 200 || undefined
  if (!(await poll(isThere, STEP_TIMEOUT_MS))) throw new Error('there is no Service')
  await serveAtService(t, cluster, NEW_NAMESPACE, ['--in-cluster=true'])
  const pods = runDeployedPods(cluster, NEW_NAMESPACE)
  t.teardown(() => pods.stop())
}

function hasCredentialsOnce({ spec }: V1Pod): boolean {
  const env = spec?.containers[0]?.env?.filter(({ name }) => name === WEB_IDENTITY.identityVariable)
  const volumes = spec?.volumes?.filter(({ name }) => name === WEB_IDENTITY.volumeName)
  return env?.length === 1 && volumes?.length === 1
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

/** As somebody types it whose kubectl is the control plane's. */
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
      TIMEOUT: '60',
    },
  })
}
