import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { ApiConnection, ApiTls } from './api-connection.ts'
import { ApiConfigurationError, describeError } from './api-error.ts'
import { type Credentials, createTokenCredentials, NO_CREDENTIALS, TokenFile } from './credentials.ts'
import type { KubeconfigUser } from './kubeconfig-user.ts'
import { loadPluginConnection } from './plugin-connection.ts'
import type { Timing } from './timing.ts'

/** A kubeconfig's cluster entry, as it is written. */
export interface KubeconfigCluster {
  readonly server?: string
  readonly 'certificate-authority'?: string
  readonly 'certificate-authority-data'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
  readonly 'tls-server-name'?: string
}

/** One kubeconfig file: what was parsed, and the folder that its relative paths start from. */
interface KubeconfigFile {
  readonly folder: string
  readonly content: {
    readonly 'current-context'?: string
    readonly clusters?: readonly { readonly name: string; readonly cluster?: KubeconfigCluster }[]
    readonly users?: readonly { readonly name: string; readonly user?: KubeconfigUser }[]
    readonly contexts?: readonly {
      readonly name: string
      readonly context?: { readonly cluster?: string; readonly user?: string }
    }[]
  }
}

/**
 * Connects as a context of one or more kubeconfig files says, the current one unless `context` names another; of two entries of
 * one name the first file's counts.
 *
 * `server` replaces the cluster's. Rejects with an ApiConfigurationError that names the file.
 */
export async function loadKubeconfig(
  paths: readonly string[],
  options: {
    readonly server: string | undefined
    readonly context?: string | undefined
    readonly timing: Timing
  },
): Promise<ApiConnection> {
  const files = await Promise.all(paths.map(readKubeconfig))
  const names = paths.join(', ')
  const contextName =
    options.context ?? files.map(({ content }) => content['current-context']).find((name) => name)
  if (contextName === undefined)
    throw new ApiConfigurationError(`${names} has no current-context: run kubectl config use-context`)
  const context = findEntry(files, ({ contexts }) => contexts, contextName).entry?.context
  if (context === undefined && options.context !== undefined) {
    throw new ApiConfigurationError(
      `${names} has no context ${options.context}: kubectl config get-contexts lists those that there are`,
    )
  }
  const cluster = findEntry(files, ({ clusters }) => clusters, context?.cluster)
  const user = findEntry(files, ({ users }) => users, context?.user)
  const server = options.server ?? cluster.entry?.cluster?.server
  if (server === undefined) {
    throw new ApiConfigurationError(
      `context ${contextName} of ${names} names no cluster with a server: mend it, or give --kube-api`,
    )
  }
  const identity = await loadIdentity(user.entry ?? { name: '' }, user.folder, options.timing)
  return {
    server: parseServer(server),
    tls: { ...(await loadClusterTls(cluster.entry?.cluster ?? {}, cluster.folder)), ...identity.tls },
    credentials: identity.credentials,
  }
}

/** Reads a URL of an API server; throws an ApiConfigurationError. */
export function parseServer(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url
  throw new ApiConfigurationError(`${text} is not the URL of an API server: write it as https://HOST:PORT`)
}

/** Reads one file. Rejects with an ApiConfigurationError. */
export async function readKubeconfig(path: string): Promise<KubeconfigFile> {
  // Loaded here alone: a server in a cluster reads no YAML on this path and starts 18 ms sooner.
  const { parse } = await import('yaml')
  try {
    const content: unknown = parse(await readFile(path, 'utf8'))
    if (typeof content !== 'object' || content === null) throw new Error('it is not a YAML object')
    return { folder: dirname(resolve(path)), content }
  } catch (error) {
    // A YAML error quotes the line that it stumbles over, which may hold a token: its first line alone is safe.
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n')
    throw new ApiConfigurationError(`cannot read the kubeconfig ${path}: ${describeError(line)}`)
  }
}

function findEntry<Entry extends { readonly name: string }>(
  files: readonly KubeconfigFile[],
  list: (content: KubeconfigFile['content']) => readonly Entry[] | undefined,
  name: string | undefined,
): { readonly entry: Entry | undefined; readonly folder: string } {
  for (const { folder, content } of files) {
    const entry = list(content)?.find((candidate) => candidate.name === name)
    if (entry !== undefined) return { entry, folder }
  }
  return { entry: undefined, folder: '' }
}

async function loadClusterTls(cluster: KubeconfigCluster, folder: string): Promise<ApiTls> {
  const ca = await loadPem(cluster['certificate-authority-data'], cluster['certificate-authority'], folder)
  const servername = cluster['tls-server-name']
  return {
    ...(ca !== undefined && { ca }),
    ...(servername !== undefined && { servername }),
    ...(cluster['insecure-skip-tls-verify'] === true && { rejectUnauthorized: false }),
  }
}

async function loadIdentity(
  { name, user = {} }: { readonly name: string; readonly user?: KubeconfigUser },
  folder: string,
  timing: Timing,
): Promise<{ readonly tls: ApiTls; readonly credentials: Credentials }> {
  if (user.exec !== undefined || user['auth-provider'] !== undefined) return loadPluginConnection(name, user)
  const cert = await loadPem(user['client-certificate-data'], user['client-certificate'], folder)
  const key = await loadPem(user['client-key-data'], user['client-key'], folder)
  return {
    tls: { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
    credentials: chooseCredentials(user, folder, timing),
  }
}

function chooseCredentials(user: KubeconfigUser, folder: string, timing: Timing): Credentials {
  if (user.tokenFile !== undefined) return new TokenFile(resolve(folder, user.tokenFile), timing)
  return user.token === undefined ? NO_CREDENTIALS : createTokenCredentials(user.token)
}

/** The embedded data where there is some, which kubectl prefers too, else the file's. */
async function loadPem(
  base64: string | undefined,
  path: string | undefined,
  folder: string,
): Promise<Buffer | undefined> {
  if (base64) return Buffer.from(base64, 'base64')
  if (!path) return undefined
  const absolutePath = resolve(folder, path)
  try {
    return await readFile(absolutePath)
  } catch (error) {
    throw new ApiConfigurationError(
      `cannot read ${absolutePath}, which the kubeconfig names: ${describeError(error)}`,
    )
  }
}
