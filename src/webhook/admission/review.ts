import { type Pod, PodError, readPod } from '../injection/pod.ts'

/** The AdmissionRequest of an AdmissionReview, as far as it matters (k8s.io/api admission/v1 and v1beta1). */
export interface ReviewRequest {
  /** Echoed in the answer. */
  readonly apiVersion: string
  /** Echoed in the answer. */
  readonly uid: string
  /** Where the pod goes; a pod's own `metadata.namespace` may be empty here. */
  readonly namespace: string
  readonly isDryRun: boolean
  /** `undefined` where the request neither creates a pod nor gives one ephemeral containers. */
  readonly pod: Pod | undefined
  /** The ephemeral containers that the pod had before, where the request gives it more: `undefined` where it is created. */
  readonly debuggedWith: ReadonlySet<string> | undefined
}

/** Says why a body is no AdmissionReview that can be answered; never what is in it. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError'
  readonly reason: 'review_invalid' | 'pod_malformed'

  constructor(reason: 'review_invalid' | 'pod_malformed', message: string) {
    super(message)
    this.reason = reason
  }
}

const API_VERSIONS: readonly unknown[] = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']

/** Checks the envelope of a parsed body, and the pod in it; throws a {@link ReviewError}. */
export function parseReview(body: unknown): ReviewRequest {
  const review = expectObject(body, 'the body')
  const { apiVersion, kind } = review
  if (kind !== 'AdmissionReview') throw new ReviewError('review_invalid', 'kind is not AdmissionReview')
  if (!isApiVersion(apiVersion)) {
    throw new ReviewError('review_invalid', `apiVersion is not one of ${API_VERSIONS.join(', ')}`)
  }
  const request = expectObject(review['request'], 'request')
  const uid = expectText(request['uid'], 'request.uid')
  const namespace = expectText(request['namespace'], 'request.namespace')
  const isDryRun = request['dryRun'] === true
  const { operation } = request
  // The Go webhook does not look at the operation; where there is none, the registration is trusted.
  const isCreation = operation === undefined || operation === 'CREATE'
  const isDebugging = operation === 'UPDATE' && request['subResource'] === 'ephemeralcontainers'
  const pod = isCreation || isDebugging ? parsePod(request, 'object') : undefined
  const debuggedWith = isDebugging ? listEphemeralContainers(parsePod(request, 'oldObject')) : undefined
  return { apiVersion, uid, namespace, isDryRun, pod, debuggedWith }
}

function listEphemeralContainers({ spec }: Pod): ReadonlySet<string> {
  return new Set((spec.ephemeralContainers ?? []).map(({ name }) => name))
}

function parsePod(request: JsonObject, member: 'object' | 'oldObject'): Pod {
  const object = expectObject(request[member], `request.${member}`)
  const { kind } = request
  const isPodRequest = kind === undefined || isPodKind(expectObject(kind, 'request.kind'))
  const objectKind = object['kind'] ?? (kind === undefined ? undefined : 'Pod')
  if (!isPodRequest || objectKind !== 'Pod') {
    throw new ReviewError('review_invalid', `request.${member} is not a Pod`)
  }
  try {
    return readPod(object)
  } catch (error) {
    if (error instanceof PodError)
      throw new ReviewError('pod_malformed', `request.${member}: ${error.message}`)
    throw error
  }
}

function isPodKind(kind: JsonObject): boolean {
  return kind['kind'] === 'Pod' && (kind['group'] ?? '') === ''
}

function isApiVersion(value: unknown): value is string {
  return API_VERSIONS.includes(value)
}

type JsonObject = Readonly<Record<string, unknown>>

function expectObject(value: unknown, path: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new ReviewError('review_invalid', `${path} is ${value === undefined ? 'missing' : 'not an object'}`)
}

function expectText(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value
  const problem = value === undefined || value === '' ? 'missing' : 'not a string'
  throw new ReviewError('review_invalid', `${path} is ${problem}`)
}
