import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type ApiClient, ApiError, createApiClient } from './api-client.ts'
import { type ControlPlaneConnection, startControlPlane } from './control-plane.ts'
import { findControlPlaneBinaries } from './control-plane-binaries.ts'
import { removeLeftovers } from './leftovers.ts'

/** Names the file in which the runner leaves what test files share. */
export const SHARED_VARIABLE = 'TEST_CLUSTER_SHARED'

/** The runner's control plane, one for all test files. */
export interface SharedControlPlane {
  readonly connection: ControlPlaneConnection
  /** What it had at first, by `listClusterObjects`. */
  readonly objects: readonly string[]
}

/** What kubectl printed and how it ended. */
export interface KubectlResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A control plane as a test uses it: as its administrator. */
export interface Cluster {
  readonly connection: ControlPlaneConnection
  readonly client: ApiClient
  /** Runs kubectl; `input` is its standard input, for `-f -`. */
  kubectl(args: readonly string[], input?: unknown): Promise<KubectlResult>
  /** Creates a namespace with its default ServiceAccount, so that pods can be created in it at once. */
  createNamespace(name: string): Promise<void>
  close(): void
}

/**
 * The runner's control plane, without what files before this one have left; a test file that runs alone starts one for itself and
 * stops it at the end.
 */
export async function useCluster(t: Test): Promise<Cluster> {
  const path = process.env[SHARED_VARIABLE]
  if (path !== undefined) {
    const { connection, objects } = JSON.parse(readFileSync(path, 'utf8')) as SharedControlPlane
    const shared = openCluster(connection)
    t.teardown(() => shared.close())
    await removeLeftovers(shared.client, objects)
    return shared
  }
  const binaries = await findControlPlaneBinaries(process.env, (line) => t.comment(line))
  const controlPlane = await startControlPlane(binaries, { hasControllers: true })
  const cluster = openCluster(controlPlane.connection)
  t.teardown(async () => {
    cluster.close()
    await controlPlane.stop()
  })
  return cluster
}

/** Opens a connection, which `close` ends. */
export function openCluster(connection: ControlPlaneConnection): Cluster {
  const client = createApiClient({
    url: connection.apiServerUrl,
    caPem: connection.caPem,
    token: connection.adminToken,
  })
  return {
    connection,
    client,
    kubectl: (args, input) => runKubectl(connection, args, input),
    async createNamespace(name) {
      await client.create('/api/v1/namespaces', { metadata: { name } })
      // The controller makes the default ServiceAccount too: whoever is first.
      await client
        .create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } })
        .catch((error: unknown) => {
          if (!(error instanceof ApiError && error.status === 409)) throw error
        })
    },
    close: () => client.close(),
  }
}

async function runKubectl(
  connection: ControlPlaneConnection,
  args: readonly string[],
  input: unknown,
): Promise<KubectlResult> {
  const globalArgs = [
    `--kubeconfig=${connection.adminKubeconfigPath}`,
    `--cache-dir=${join(connection.workFolder, 'kubectl-cache')}`,
  ]
  const { promise, resolve } = Promise.withResolvers<KubectlResult>()
  const child = execFile(
    connection.kubectlPath,
    [...globalArgs, ...args],
    { timeout: 60_000 },
    (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : (child.exitCode ?? 1), stdout, stderr })
    },
  )
  child.stdin?.end(input === undefined ? '' : JSON.stringify(input))
  return promise
}
