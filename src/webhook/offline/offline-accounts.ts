import { type AccountMappings, MAPPINGS, NO_MAPPINGS } from '../accounts/account-mapping.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { ConfigMapKind } from '../accounts/api-server/config-map-content.ts'
import { ConfigTextError } from '../accounts/config-text.ts'
import { readIdentities } from '../accounts/container-credentials-file.ts'
import { IDENTITIES, type IdentityList, NO_IDENTITIES } from '../accounts/identity-list.ts'
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
  /** Who uses container credentials. */
  readonly identities: IdentityList
  close(): void
}

/** Where a cluster is, and what of it counts. */
export interface ClusterOptions {
  readonly kubeconfigPath: string
  readonly annotationPrefix: string
  /** Where the ConfigMap is looked for. */
  readonly namespace: string
  readonly isConfigMapWatched: boolean
  readonly containerCredentialsConfigMap: string | undefined
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
  listedInFile: IdentityList,
): Pick<Accounts, 'find'> {
  const mappings = manifests.mappings.size > 0 ? manifests.mappings : (cluster?.mappings ?? NO_MAPPINGS)
  return {
    async find(namespace, name) {
      const key = `${namespace}/${name}`
      const mapping = mappings.find(namespace, name)
      const hasContainerCredentials = listedInFile.has(key) || cluster?.identities.has(key) === true
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
export async function readContainerCredentials(path: string | undefined): Promise<IdentityList> {
  if (path === undefined) return NO_IDENTITIES
  const [contents] = await readFiles([path])
  if (contents === undefined || contents.state === 'absent')
    throw new ManifestError(path, 'there is no such file')
  try {
    const { content, problems } = readIdentities(contents)
    const [problem] = problems
    if (problem === undefined) return content
    throw new ManifestError(path, problem)
  } catch (error) {
    throw error instanceof ConfigTextError ? new ManifestError(path, `it ${error.message}`) : error
  }
}

/**
 * Connects to the cluster of a kubeconfig and reads the ConfigMaps. Rejects, in one line, where it cannot.
 *
 * What talks to API servers is loaded here: without a cluster it is not needed.
 */
export async function openCluster(options: ClusterOptions): Promise<ClusterAccounts> {
  const [{ ApiClient }, { findConnection }, { SYSTEM_TIMING }, { canExist, readObject }, { homedir }] =
    await Promise.all([
      import('../../kubernetes/api-client.ts'),
      import('../../kubernetes/connection-source.ts'),
      import('../../kubernetes/timing.ts'),
      import('../accounts/api-server/object-read.ts'),
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
  const { containerCredentialsConfigMap: listName } = options
  const found = new Map<string, Promise<AccountAnnotations | undefined>>()
  const read = (resource: 'serviceaccounts' | 'configmaps', namespace: string, name: string) =>
    readObject(client, {
      resource,
      namespace,
      name,
      isMetadataOnly: resource === 'serviceaccounts',
      timeoutMs: LOOKUP_TIMEOUT_MS,
    })
  const find = async (namespace: string, name: string) => {
    if (!canExist(namespace, name)) return undefined
    const account = await read('serviceaccounts', namespace, name)
    if (account.state === 'absent') return undefined
    if (account.state !== 'found') throw new Error(account.cause)
    return parseAccountAnnotations(account.object.metadata.annotations, {
      prefix: options.annotationPrefix,
      subject: `ServiceAccount ${namespace}/${name}`,
    })
  }
  const readConfigMap = async <Content>(kind: Omit<ConfigMapKind<Content>, 'namespace'>) => {
    const configMap = await read('configmaps', options.namespace, kind.name)
    if (configMap.state === 'absent') return kind.nothing
    const subject = `ConfigMap ${options.namespace}/${kind.name}`
    if (configMap.state !== 'found') throw new Error(`${subject}: ${configMap.cause}`)
    return parseWhole(kind, configMap.object.data?.[kind.key] ?? '', `${subject}: ${kind.key}`)
  }
  try {
    return {
      mappings: options.isConfigMapWatched ? await readConfigMap(MAPPINGS) : NO_MAPPINGS,
      identities:
        listName === undefined ? NO_IDENTITIES : await readConfigMap({ ...IDENTITIES, name: listName }),
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

/** A person is told of the first bad entry; a server leaves it out. */
function parseWhole<Content>(
  { parse }: Pick<ConfigMapKind<Content>, 'parse'>,
  text: string,
  subject: string,
): Content {
  try {
    const { content, problems } = parse(text)
    const [problem] = problems
    if (problem === undefined) return content
    throw new ConfigTextError(problem)
  } catch (error) {
    throw new Error(`${subject}: ${(error as Error).message}`)
  }
}
