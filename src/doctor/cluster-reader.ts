import type { ApiClient } from '../kubernetes/api-client.ts'
import { ApiConnectionError, ApiError, describeError } from '../kubernetes/api-error.ts'

const REQUEST_TIMEOUT_MS = 10_000
/** An audit of 20,000 pods takes 142 MB at the most by pages of 100, 230 MB by pages of 500, and as long (bench/audit). */
const PAGE_SIZE = '100'

/** Something could not be read: the check that needs it is `unread`. Message and hint are one line each. */
export class UnreadError extends Error {
  override readonly name = 'UnreadError'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** Where kinds are, and what they are called in roles. */
const RESOURCES = {
  configmaps: '/api/v1',
  namespaces: '/api/v1',
  pods: '/api/v1',
  services: '/api/v1',
  serviceaccounts: '/api/v1',
  daemonsets: '/apis/apps/v1',
  deployments: '/apis/apps/v1',
  statefulsets: '/apis/apps/v1',
  mutatingadmissionpolicybindings: '/apis/admissionregistration.k8s.io/v1',
  mutatingwebhookconfigurations: '/apis/admissionregistration.k8s.io/v1',
  networkpolicies: '/apis/networking.k8s.io/v1',
  poddisruptionbudgets: '/apis/policy/v1',
  endpointslices: '/apis/discovery.k8s.io/v1',
} as const

export type ResourceName = keyof typeof RESOURCES

/** What doctor asks the cluster. Rejects with an UnreadError. */
export interface ClusterReader {
  readonly client: ApiClient
  /** `undefined` where there is none. `namespace` is empty for what has none. */
  get<Item>(resource: ResourceName, namespace: string, name: string): Promise<Item | undefined>
  /** Pages of a list, everywhere where `namespace` is empty. */
  listPages<Item>(
    resource: ResourceName,
    namespace: string,
    options?: { readonly labelSelector?: string; readonly isMetadataOnly?: boolean },
  ): AsyncIterable<readonly Item[]>
  list<Item>(resource: ResourceName, namespace: string, labelSelector?: string): Promise<readonly Item[]>
  /** A document that is no object. */
  getPath(path: string): Promise<unknown>
  getText(path: string): Promise<string>
  /** Creates without keeping: an access review, or with `isDryRun`. An answer other than a missing permission is left to the caller. */
  create<Item>(path: string, body: unknown, isDryRun?: boolean): Promise<Item>
}

/** Creates a reader; the caller closes the client. */
export function createClusterReader(client: ApiClient): ClusterReader {
  const read = async <Value>(permission: string, ask: () => Promise<Value>): Promise<Value> => {
    try {
      return await ask()
    } catch (error) {
      throw toUnread(error, permission)
    }
  }
  const getJson = (
    path: string,
    permission: string,
    query: Readonly<Record<string, string>> = {},
    accept?: string,
  ) =>
    read(permission, () =>
      client.requestJson({ path, query, timeoutMs: REQUEST_TIMEOUT_MS, ...(accept && { accept }) }),
    )
  const reader: ClusterReader = {
    client,
    async get<Item>(resource: ResourceName, namespace: string, name: string) {
      const path = `${pathOf(resource, namespace)}/${name}`
      try {
        return (await getJson(path, describePermission('get', resource, namespace))) as Item
      } catch (error) {
        if (error instanceof UnreadError && error.cause instanceof ApiError && error.cause.status === 404) {
          return undefined
        }
        throw error
      }
    },
    async *listPages<Item>(
      resource: ResourceName,
      namespace: string,
      { labelSelector = '', isMetadataOnly = false } = {},
    ) {
      const permission = describePermission('list', resource, namespace)
      const accept = isMetadataOnly
        ? 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
        : undefined
      let token = ''
      do {
        const query = { limit: PAGE_SIZE, labelSelector, ...(token && { continue: token }) }
        const page = (await getJson(pathOf(resource, namespace), permission, query, accept)) as {
          readonly metadata?: { readonly continue?: string }
          readonly items?: readonly Item[] | null
        }
        yield page.items ?? []
        token = page.metadata?.continue ?? ''
      } while (token !== '')
    },
    async list<Item>(resource: ResourceName, namespace: string, labelSelector = '') {
      const items: Item[] = []
      for await (const page of reader.listPages<Item>(resource, namespace, { labelSelector }))
        items.push(...page)
      return items
    },
    getPath: (path) => getJson(path, `get ${path}`),
    getText: (path) =>
      read(`get ${path}`, async () => {
        const stream = await client.openStream({ path, accept: 'text/plain', timeoutMs: REQUEST_TIMEOUT_MS })
        const chunks: Buffer[] = []
        for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
        return Buffer.concat(chunks).toString()
      }),
    async create<Item>(path: string, body: unknown, isDryRun = false) {
      const query = isDryRun ? { dryRun: 'All' } : {}
      try {
        return (await client.requestJson({
          method: 'POST',
          path,
          query,
          body,
          timeoutMs: REQUEST_TIMEOUT_MS,
        })) as Item
      } catch (error) {
        if (error instanceof ApiError && !isMissingPermission(error)) throw error
        throw toUnread(error, `create ${describePath(path)}`)
      }
    },
  }
  return reader
}

function pathOf(resource: ResourceName, namespace: string): string {
  return `${RESOURCES[resource]}${namespace === '' ? '' : `/namespaces/${namespace}`}/${resource}`
}

/** As roles say it: `list networkpolicies.networking.k8s.io in namespace eks`. */
function describePermission(verb: string, resource: ResourceName, namespace: string): string {
  const [, , group = ''] = RESOURCES[resource].split('/')
  const name = RESOURCES[resource].startsWith('/apis/') ? `${resource}.${group}` : resource
  return `${verb} ${name}${namespace === '' ? '' : ` in namespace ${namespace}`}`
}

/** The last part of a path, with its group and namespace. */
function describePath(path: string): string {
  const [, group = '', namespace = '', resource = ''] =
    /^\/(?:api|apis\/([^/]+))\/[^/]+(?:\/namespaces\/([^/]+))?\/(.+)$/.exec(path) ?? []
  return `${resource}${group && `.${group}`}${namespace && ` in namespace ${namespace}`}`
}

/** Admission answers 403 too; RBAC says who may not do what. */
function isMissingPermission(error: ApiError): boolean {
  return error.status === 401 || (error.status === 403 && /cannot \w+ (resource|path)/.test(error.message))
}

function toUnread(error: unknown, permission: string): unknown {
  if (error instanceof ApiConnectionError)
    return withCause(
      new UnreadError(error.message, 'check the kubeconfig, the network, and that the API server runs'),
      error,
    )
  if (!(error instanceof ApiError)) return error
  if (error.status === 401)
    return withCause(
      new UnreadError('the API server does not know you', 'sign in to the cluster again'),
      error,
    )
  if (error.status === 403)
    return withCause(
      new UnreadError(
        `you may not ${permission}`,
        'ask for the ClusterRole of docs/doctor.md, or for this verb',
      ),
      error,
    )
  return withCause(new UnreadError(describeError(error), ''), error)
}

function withCause(unread: UnreadError, cause: unknown): UnreadError {
  unread.cause = cause
  return unread
}
