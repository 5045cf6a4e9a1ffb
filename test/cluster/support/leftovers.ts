import type { V1Namespace } from '@kubernetes/client-node'
import { type ApiClient, ApiError } from './api-client.ts'
import { poll } from './daemon.ts'

/** What belongs to no namespace and counts for all of a cluster, by the path of its list. */
const KINDS = [
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
  '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
  '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings',
  '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
]
const NAMESPACES = '/api/v1/namespaces'
const OWN_LABEL = 'app.kubernetes.io/name'
const OWN_NAME = 'pod-identity-webhook'
/** A namespace takes five seconds to go at least: its controller waits that long before it begins. */
const GONE_TIMEOUT_MS = 60_000

interface Objects {
  readonly items: readonly V1Namespace[]
}

/** Lists what the cluster has that a test file may leave to the next one, by its path. */
export async function listClusterObjects(client: ApiClient): Promise<readonly string[]> {
  const lists = await Promise.all(KINDS.map((kind) => listPaths(client, kind)))
  return lists.flat()
}

/**
 * Makes a cluster that test files share what it was: removes what counts for all of it and is not in `known`, and namespaces of
 * webhooks that were deployed; then waits until no namespace is ending. What is in other namespaces is nobody else's and stays.
 */
export async function removeLeftovers(client: ApiClient, known: readonly string[]): Promise<void> {
  const paths = (await listClusterObjects(client)).filter((path) => !known.includes(path))
  const namespaces = await client.get<Objects>(NAMESPACES)
  const deployed = namespaces.items.filter(({ metadata }) => metadata?.labels?.[OWN_LABEL] === OWN_NAME)
  const own = deployed.map(({ metadata }) => `${NAMESPACES}/${metadata?.name}`)
  for (const path of [...paths, ...own]) {
    const response = await client.send('DELETE', path)
    // Gone meanwhile, or ending already.
    if (response.status >= 300 && response.status !== 404 && response.status !== 409)
      throw new ApiError('DELETE', path, response)
  }
  const isQuiet = async () => {
    const { items } = await client.get<Objects>(NAMESPACES)
    return items.every(({ metadata }) => metadata?.deletionTimestamp === undefined) || undefined
  }
  if (await poll(isQuiet, GONE_TIMEOUT_MS)) return
  throw new Error(`a namespace is still ending after ${GONE_TIMEOUT_MS} ms`)
}

async function listPaths(client: ApiClient, kind: string): Promise<readonly string[]> {
  const { status, body } = await client.send('GET', kind)
  // Kinds that an older Kubernetes does not have.
  if (status === 404) return []
  const { items } = body as Objects
  return items.map(({ metadata }) => `${kind}/${metadata?.name}`)
}
