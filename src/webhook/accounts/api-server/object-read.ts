import type { ApiClient } from '../../../kubernetes/api-client.ts'
import { ApiConnectionError, ApiError, describeError } from '../../../kubernetes/api-error.ts'
import type { ApiObject } from '../../../kubernetes/api-object.ts'

/**
 * What became of the GET of one object; `cause` is one line without secrets.
 *
 * `late`: no answer in time. `refused`: 429 or 5xx. `failed`: anything else that is no answer.
 */
export type ObjectRead =
  | { readonly state: 'found'; readonly object: ApiObject }
  | { readonly state: 'absent' }
  | {
      readonly state: 'late' | 'refused' | 'failed'
      readonly cause: string
      /** How long the API server asks to be left alone; absent where it did not say. */
      readonly retryAfterMs?: number | undefined
    }

/** Which object, and how long its GET may take. */
export interface ObjectRequest {
  readonly resource: 'serviceaccounts' | 'configmaps'
  readonly namespace: string
  readonly name: string
  /** Without `data`, as list and watch of metadata give it. */
  readonly isMetadataOnly: boolean
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** What the API server allows in names of namespaces and objects (RFC 1123); no other can lead a path astray. */
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

/** Whether there can be an object of this name in this namespace at all. */
export function canExist(namespace: string, name: string): boolean {
  return NAME.test(namespace) && NAME.test(name)
}

/**
 * Reads one object; never rejects.
 *
 * Without `resourceVersion`, so that it is linearizable: it sees every write that was acknowledged before it began
 * (Kubernetes API concepts, "Semantics for get and list").
 */
export async function readObject(client: ApiClient, request: ObjectRequest): Promise<ObjectRead> {
  const { resource, namespace, name, isMetadataOnly, timeoutMs, signal } = request
  try {
    const object = await client.requestJson({
      path: `/api/v1/namespaces/${namespace}/${resource}/${name}`,
      accept: isMetadataOnly
        ? 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
        : 'application/json',
      timeoutMs,
      ...(signal !== undefined && { signal }),
    })
    if (isObject(object, namespace, name)) return { state: 'found', object }
    return { state: 'failed', cause: `the API server answered with another object than ${resource} ${name}` }
  } catch (error) {
    return describeFailure(error, timeoutMs)
  }
}

function isObject(value: unknown, namespace: string, name: string): value is ApiObject {
  const { metadata } = (value ?? {}) as Partial<ApiObject>
  return (
    metadata?.name === name &&
    metadata.namespace === namespace &&
    typeof metadata.resourceVersion === 'string' &&
    metadata.resourceVersion !== ''
  )
}

function describeFailure(error: unknown, timeoutMs: number): ObjectRead {
  if (!(error instanceof ApiError)) {
    const isLate = error instanceof ApiConnectionError && error.isTimeout
    const cause = isLate ? `no answer from the API server within ${timeoutMs} ms` : describeError(error)
    return { state: isLate ? 'late' : 'failed', cause }
  }
  // A proxy's 404 says nothing about the object.
  if (error.status === 404 && error.reason === 'NotFound') return { state: 'absent' }
  if (error.status !== 429 && error.status < 500) return { state: 'failed', cause: error.message }
  return { state: 'refused', cause: error.message, retryAfterMs: error.retryAfterMs }
}
