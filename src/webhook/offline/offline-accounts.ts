import type { ApiClient } from '../../kubernetes/api-client.ts'
import {
  type AccountMappings,
  MAPPINGS_KEY,
  MAPPINGS_NAME,
  NO_MAPPINGS,
  parseAccountMappings,
} from '../accounts/account-mapping.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { readIdentities } from '../accounts/container-credentials-file.ts'
import { ManifestError } from '../accounts/manifests/manifest-documents.ts'
import type { Manifests } from '../accounts/manifests/manifest-files.ts'
import { readFiles } from '../files/file-contents.ts'
import type { AccountAnnotations } from '../identity/account.ts'
import { parseAccountAnnotations } from '../identity/annotations.ts'

/** A person waits, so longer than the server, whose caller gives up. */
const LOOKUP_TIMEOUT_MS = 5000

/** What a cluster knows, asked once for each ServiceAccount. */
export interface ClusterAccounts {
  /** `undefined` where there is no such ServiceAccount. Rejects where the cluster does not say. */
  find(namespace: string, name: string): Promise<AccountAnnotations | undefined>
  readonly mappings: AccountMappings
  close(): void
}

/** Where a cluster is, and what of it counts. */
export interface ClusterOptions {
  readonly kubeconfigPath: string
  readonly annotationPrefix: string
  /** Where the ConfigMap is looked for. */
  readonly namespace: string
  readonly isConfigMapWatched: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Accounts as manifests and, where they do not know one, a cluster say.
 *
 * A cluster that does not answer makes the account unavailable.
 */
export function combineAccounts(
  manifests: Manifests,
  cluster: ClusterAccounts | undefined,
  credentials: ReadonlySet<string>,
): Pick<Accounts, 'find'> {
  const mappings = manifests.mappings.size > 0 ? manifests.mappings : (cluster?.mappings ?? NO_MAPPINGS)
  return {
    async find(namespace, name) {
      const key = `${namespace}/${name}`
      const mapping = mappings.find(namespace, name)
      const hasContainerCredentials = credentials.has(key)
      try {
        const annotations = manifests.accounts.get(key) ?? (await cluster?.find(namespace, name))
        return annotations === undefined
          ? { state: 'absent', mapping, hasContainerCredentials }
          : { state: 'known', annotations, mapping, hasContainerCredentials }
      } catch (error) {
        return { state: 'unavailable', cause: (error as Error).message, hasContainerCredentials }
      }
    },
  }
}

/**
 * Reads a container credentials file; keys `namespace/serviceaccount`.
 * @throws {ManifestError} where it is not there or cannot be used, down to a single entry
 */
export async function readContainerCredentials(path: string | undefined): Promise<ReadonlySet<string>> {
  if (path === undefined) return new Set()
  const [contents] = await readFiles([path])
  if (contents === undefined || contents.state === 'absent')
    throw new ManifestError(path, 'there is no such file')
  const identities = readIdentities(contents)
  if (typeof identities === 'string') throw new ManifestError(path, identities)
  const [problem] = identities.problems
  if (problem !== undefined) throw new ManifestError(path, problem)
  return identities.keys
}

/**
 * Connects to the cluster of a kubeconfig and reads the ConfigMap. Rejects, in one line, where it cannot.
 *
 * What talks to API servers is loaded here: without a cluster it is not needed.
 */
export async function openCluster(options: ClusterOptions): Promise<ClusterAccounts> {
  const [{ ApiClient }, { findConnection }, { SYSTEM_TIMING }, { AccountLookups }, { homedir }] =
    await Promise.all([
      import('../../kubernetes/api-client.ts'),
      import('../../kubernetes/connection-source.ts'),
      import('../../kubernetes/timing.ts'),
      import('../accounts/api-server/account-lookups.ts'),
      import('node:os'),
    ])
  const connection = await findConnection({
    kubeconfigPath: options.kubeconfigPath,
    server: undefined,
    environment: options.environment,
    homeFolder: homedir(),
    timing: SYSTEM_TIMING,
  })
  const client = new ApiClient(connection)
  const lookups = new AccountLookups({ client, timeoutMs: LOOKUP_TIMEOUT_MS })
  const found = new Map<string, Promise<AccountAnnotations | undefined>>()
  const find = async (namespace: string, name: string) => {
    const lookup = await lookups.find(namespace, name)
    if (lookup.state === 'failed') throw new Error(lookup.cause)
    if (lookup.state === 'absent') return undefined
    const subject = `ServiceAccount ${namespace}/${name}`
    return parseAccountAnnotations(lookup.object.metadata.annotations, {
      prefix: options.annotationPrefix,
      subject,
    })
  }
  try {
    return {
      mappings: options.isConfigMapWatched ? await fetchMappings(client, options.namespace) : NO_MAPPINGS,
      find(namespace, name) {
        const key = `${namespace}/${name}`
        const answer = found.get(key) ?? find(namespace, name)
        found.set(key, answer)
        return answer
      },
      close: () => client.close(),
    }
  } catch (error) {
    client.close()
    throw error
  }
}

async function fetchMappings(client: ApiClient, namespace: string): Promise<AccountMappings> {
  const { ApiError } = await import('../../kubernetes/api-error.ts')
  try {
    const object = await client.requestJson({
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${MAPPINGS_NAME}`,
      timeoutMs: LOOKUP_TIMEOUT_MS,
    })
    const config = (object as { readonly data?: Readonly<Record<string, string>> }).data?.[MAPPINGS_KEY] ?? ''
    const { mappings, problems } = parseAccountMappings(config)
    const [problem] = problems
    if (problem !== undefined) throw new Error(problem)
    return mappings
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return NO_MAPPINGS
    throw new Error(`ConfigMap ${namespace}/${MAPPINGS_NAME}: ${(error as Error).message}`)
  }
}
