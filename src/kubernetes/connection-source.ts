import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { ApiConnection } from './api-connection.ts'
import { ApiConfigurationError, describeError } from './api-error.ts'
import { NO_CREDENTIALS, TokenFile } from './credentials.ts'
import { loadKubeconfig, parseServer } from './kubeconfig.ts'
import type { Timing } from './timing.ts'

/** Where the kubelet mounts a pod's token and the cluster's CA. */
const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/** What decides which API server is asked, and as whom. */
export interface ConnectionOptions {
  /** `--kubeconfig`. */
  readonly kubeconfigPath: string | undefined
  /** `--context`: a context of the kubeconfig other than its current one. */
  readonly context?: string | undefined
  /** `--kube-api`: replaces the server that the rest would choose. */
  readonly server: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly homeFolder: string
  readonly timing: Timing
  readonly serviceAccountFolder?: string
  /** What helps where no API server is known, besides `--kubeconfig`: a flag, and what it does. */
  readonly alternative?: string
}

/**
 * Finds the API server: the kubeconfig that was named, else the cluster that this process is a pod of (unless a context is
 * named), else `$KUBECONFIG`, else `~/.kube/config`, else `server` alone, anonymously.
 *
 * Rejects with an ApiConfigurationError.
 */
export async function findConnection(options: ConnectionOptions): Promise<ApiConnection> {
  const { environment, server, context, timing } = options
  const { alternative = '--manifests PATH to do without one' } = options
  if (options.kubeconfigPath !== undefined)
    return loadKubeconfig([options.kubeconfigPath], { server, context, timing })
  const inCluster = context === undefined ? await loadInCluster(options) : undefined
  if (inCluster !== undefined) return inCluster
  const named = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  const paths = (named.length > 0 ? named : [join(options.homeFolder, '.kube', 'config')]).filter((path) =>
    existsSync(path),
  )
  if (paths.length > 0) return loadKubeconfig(paths, { server, context, timing })
  if (server !== undefined) return { server: parseServer(server), tls: {}, credentials: NO_CREDENTIALS }
  throw new ApiConfigurationError(
    named.length > 0
      ? `no file of KUBECONFIG=${named.join(delimiter)} exists: correct it, or give --kubeconfig FILE`
      : `no API server is known: run in a pod with a ServiceAccount token, or give --kubeconfig FILE, or ${alternative}`,
  )
}

async function loadInCluster(options: ConnectionOptions): Promise<ApiConnection | undefined> {
  const { environment, timing, serviceAccountFolder = SERVICE_ACCOUNT_FOLDER } = options
  const host = environment['KUBERNETES_SERVICE_HOST']
  const port = environment['KUBERNETES_SERVICE_PORT']
  const tokenPath = join(serviceAccountFolder, 'token')
  if (!host || !port || !existsSync(tokenPath)) return undefined
  const caPath = join(serviceAccountFolder, 'ca.crt')
  const ca = await readFile(caPath).catch((error: unknown) => {
    throw new ApiConfigurationError(`cannot read the cluster's CA ${caPath}: ${describeError(error)}`)
  })
  return {
    server: parseServer(options.server ?? `https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    tls: { ca },
    credentials: new TokenFile(tokenPath, timing),
  }
}
