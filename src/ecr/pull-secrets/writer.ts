import type { ApiClient, ApiRequest } from '../../kubernetes/api-client.ts'
import { ApiError } from '../../kubernetes/api-error.ts'
import { ADDED_ANNOTATION, MANAGED_BY_LABEL, MANAGER, OWNER_ANNOTATION } from './cluster-view.ts'
import { SECRET_KEY, SECRET_TYPE } from './docker-config.ts'
import type { Write } from './plan.ts'

const TIMEOUT_MS = 10_000

/** What is written, and as whose. */
export interface WriterOptions {
  readonly client: ApiClient
  readonly secretName: string
  readonly owner: string
}

/**
 * Makes one write; resolves to false where somebody else was faster, of which the watch tells.
 *
 * `content` is what Secrets hold, in base64. Rejects with an ApiError or an ApiConnectionError, which hold none of it.
 */
export async function makeWrite(
  write: Write,
  content: string,
  { client, secretName, owner }: WriterOptions,
): Promise<boolean> {
  try {
    await client.requestJson({
      ...describeWrite(write, content, { secretName, owner }),
      timeoutMs: TIMEOUT_MS,
    })
    return true
  } catch (error) {
    // Made, changed or gone meanwhile; or its namespace is going, and takes nothing new.
    const isLate = error instanceof ApiError && [404, 409].includes(error.status)
    const isEnding =
      error instanceof ApiError && error.status === 403 && error.causes.includes('NamespaceTerminating')
    if (isLate || isEnding) return false
    throw error
  }
}

function describeWrite(
  write: Write,
  content: string,
  { secretName, owner }: Pick<WriterOptions, 'secretName' | 'owner'>,
): Pick<ApiRequest, 'method' | 'path' | 'body' | 'contentType'> & {
  method: NonNullable<ApiRequest['method']>
} {
  const contentType = 'application/merge-patch+json'
  if (write.operation === 'patch_account') {
    const { account, pullSecrets, isMarked } = write
    const { namespace, name, resourceVersion } = account
    const annotations = { [ADDED_ANNOTATION]: isMarked ? secretName : null }
    const imagePullSecrets = pullSecrets.map((one) => ({ name: one }))
    return {
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
      body: { metadata: { resourceVersion, annotations }, imagePullSecrets },
      contentType,
    }
  }
  const path = `/api/v1/namespaces/${write.namespace}/secrets`
  const data = { [SECRET_KEY]: content }
  switch (write.operation) {
    case 'create': {
      const labels = { [MANAGED_BY_LABEL]: MANAGER }
      const metadata = { name: secretName, labels, annotations: { [OWNER_ANNOTATION]: owner } }
      return {
        method: 'POST',
        path,
        body: { apiVersion: 'v1', kind: 'Secret', metadata, type: SECRET_TYPE, data },
      }
    }
    case 'update':
      return {
        method: 'PATCH',
        path: `${path}/${secretName}`,
        body: { metadata: { resourceVersion: write.resourceVersion }, data },
        contentType,
      }
    case 'delete':
      return {
        method: 'DELETE',
        path: `${path}/${secretName}`,
        body: { preconditions: { resourceVersion: write.resourceVersion } },
      }
  }
}
