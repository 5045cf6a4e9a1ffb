import { execFile } from 'node:child_process'
import { mkdtemp, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { V1Pod, V1PodList } from '@kubernetes/client-node'
import type { Test } from 'tap'
import type { Cluster } from './cluster.ts'
import { poll } from './daemon.ts'
import { runDeployedPods } from './deployed-pods.ts'
import { serveAtService, waitUntilMutated } from './old-webhook.ts'
import { WEB_IDENTITY } from './pod-credentials.ts'
import { startPodStream } from './pod-stream.ts'

const run = promisify(execFile)

const ROOT_FOLDER = fileURLToPath(new URL('../../../', import.meta.url))
const NAME = 'pod-identity-webhook'
/** Where the guides put the new webhook. */
const NEW_NAMESPACE = 'eks'
const PODS_PER_SECOND = 20
const STEP_POD_COUNT = 40
const STEP_TIMEOUT_MS = 30_000

/** A guide that is followed while pods are created. */
export interface Migration {
  /** Runs commands as somebody types them whose kubectl is the control plane's. */
  runShell(commands: string): Promise<void>
  /** The same, for commands that deploy the new webhook with flags: what nodes do with it is done meanwhile. */
  deploy(commands: string, flags?: readonly string[]): Promise<void>
  /** Resolves once a few seconds' more pods were created. */
  waitForPods(): Promise<void>
  /** Stops creating pods, and expects each to have got its credentials, once. */
  end(): Promise<void>
}

/**
 * Starts to create pods in `podNamespace`, once a webhook that is there already gives them credentials. `programs` are found by
 * the commands under their names, beside kubectl.
 */
export async function startMigration(
  t: Test,
  cluster: Cluster,
  options: { readonly podNamespace: string; readonly programs?: Readonly<Record<string, string>> },
): Promise<Migration> {
  const { podNamespace, programs = {} } = options
  const { adminKubeconfigPath, kubectlPath, workFolder } = cluster.connection
  const binFolder = await mkdtemp(join(workFolder, 'bin-'))
  for (const [name, path] of Object.entries({ kubectl: kubectlPath, ...programs }))
    await symlink(path, join(binFolder, name))
  const runShell = async (commands: string) => {
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
  await waitUntilMutated(cluster, podNamespace)
  const stream = startPodStream(cluster.connection, {
    namespace: podNamespace,
    podsPerSecond: PODS_PER_SECOND,
  })
  t.teardown(() => stream.stop())
  const waitForPods = () => stream.waitForMore(STEP_POD_COUNT)
  await waitForPods()
  return {
    runShell,
    async deploy(commands, flags = []) {
      await Promise.all([runShell(commands), runNewPods(t, cluster, flags)])
    },
    waitForPods,
    async end() {
      await stream.stop()
      const missed = { withoutCredentials: 0, refusedByWebhook: 0, failed: 0 }
      t.match(stream.tally, missed, stream.failures[0] ?? '')
      const { items } = await cluster.client.get<V1PodList>(`/api/v1/namespaces/${podNamespace}/pods`)
      t.equal(items.length, stream.tally.created)
      const others = items.filter((pod) => !hasCredentialsOnce(pod))
      t.strictSame(
        others.map(({ metadata }) => metadata?.name),
        [],
      )
      t.comment(`${items.length} pods`)
    },
  }
}

/** The commands in a chapter of a guide, block by block. */
export async function readCommands(page: string, chapter: string): Promise<readonly string[]> {
  const guide = await readFile(join(ROOT_FOLDER, page), 'utf8')
  const text = guide.slice(guide.indexOf(`## ${chapter}\n`)).split('\n## ')[0] ?? ''
  return [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, commands = '']) => commands)
}

/** What a node does with the new Deployment: a process serves at its Service, then its pods are ready. */
async function runNewPods(t: Test, cluster: Cluster, flags: readonly string[]): Promise<void> {
  const service = `/api/v1/namespaces/${NEW_NAMESPACE}/services/${NAME}`
  const isThere = async () => (await cluster.client.send('GET', service)).status === 200 || undefined
  if (!(await poll(isThere, STEP_TIMEOUT_MS))) throw new Error('there is no Service')
  await serveAtService(t, cluster, NEW_NAMESPACE, ['--in-cluster=true', '--watch-config-map', ...flags])
  const pods = runDeployedPods(cluster, NEW_NAMESPACE)
  t.teardown(() => pods.stop())
}

function hasCredentialsOnce({ spec }: V1Pod): boolean {
  const env = spec?.containers[0]?.env?.filter(({ name }) => name === WEB_IDENTITY.identityVariable)
  const volumes = spec?.volumes?.filter(({ name }) => name === WEB_IDENTITY.volumeName)
  return env?.length === 1 && volumes?.length === 1
}
