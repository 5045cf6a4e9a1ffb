import type { ApiClient, ApiRequest } from '../../../kubernetes/api-client.ts'
import { ApiError, describeError } from '../../../kubernetes/api-error.ts'
import type { ApiObject } from '../../../kubernetes/api-object.ts'
import { type ReflectedResource, WHOLE_OBJECTS } from '../../../kubernetes/reflected-resource.ts'
import type { WebhookConfiguration } from './webhook-configuration.ts'

const REQUEST_TIMEOUT_MS = 10_000
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/** Something could not be read or written; `message` is one line that names the verb, the object and, for 403, what to grant. */
export class CertificateObjectError extends Error {
  override readonly name = 'CertificateObjectError'
  /** Another writer was faster: to be read again. */
  readonly isConflict: boolean
  readonly retryAfterMs: number

  constructor(verb: Verb, object: string, cause: unknown) {
    const status = cause instanceof ApiError ? cause.status : undefined
    // The API server's own words are left out: a refusal of a Secret may quote from it.
    const problem =
      cause instanceof ApiError
        ? `the API server answered ${cause.status}${cause.reason === '' ? '' : ` ${cause.reason}`}`
        : describeError(cause)
    const remedy =
      status === 403 ? `; grant ${verb} of it by name, as deploy/overlays/self-managed/auth.yaml does` : ''
    super(`cannot ${verb} ${object}: ${problem}${remedy}`)
    this.isConflict = status === 409
    this.retryAfterMs = cause instanceof ApiError ? (cause.retryAfterMs ?? 0) : 0
  }
}

type Verb = 'get' | 'patch' | 'patch and create'

/** The two objects that self-managed certificates live in: the Secret and the webhook configuration, each by its name. */
export class CertificateObjects {
  readonly #client: ApiClient
  readonly #secret: { readonly name: string; readonly namespace: string }
  readonly #configurationName: string
  readonly #signal: AbortSignal

  constructor(options: {
    readonly client: ApiClient
    readonly secret: { readonly name: string; readonly namespace: string }
    readonly configurationName: string
    /** Ends requests that are under way. */
    readonly signal: AbortSignal
  }) {
    this.#client = options.client
    this.#secret = options.secret
    this.#configurationName = options.configurationName
    this.#signal = options.signal
  }

  /** For people. */
  get secretName(): string {
    return `Secret ${this.#secret.namespace}/${this.#secret.name}`
  }

  /** For people. */
  get configurationName(): string {
    return `MutatingWebhookConfiguration ${this.#configurationName}`
  }

  /** For a reflector that watches the one Secret. */
  get secretResource(): ReflectedResource {
    const { name, namespace } = this.#secret
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
    return { path, fieldSelector: `metadata.name=${name}`, accept: WHOLE_OBJECTS }
  }

  /** For a reflector that watches the one webhook configuration. */
  get configurationResource(): ReflectedResource {
    const fieldSelector = `metadata.name=${this.#configurationName}`
    return { path: CONFIGURATIONS, fieldSelector, accept: WHOLE_OBJECTS }
  }

  /** Reads the webhook configuration; undefined where there is none. */
  readConfiguration(): Promise<WebhookConfiguration | undefined> {
    return this.#request('get', this.configurationName, { path: this.#configurationPath }, true)
  }

  /** Reads the Secret, and creates it, empty, where there is none. */
  async readSecret(): Promise<ApiObject> {
    const found = await this.#request<ApiObject>('get', this.secretName, { path: this.#secretPath }, true)
    return found ?? (await this.#createSecret())
  }

  patchSecret(patch: unknown): Promise<ApiObject> {
    return this.#request('patch', this.secretName, {
      path: this.#secretPath,
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: patch,
    })
  }

  patchConfiguration(patch: readonly object[]): Promise<WebhookConfiguration> {
    return this.#request('patch', this.configurationName, {
      path: this.#configurationPath,
      method: 'PATCH',
      contentType: 'application/json-patch+json',
      body: patch,
    })
  }

  get #secretPath(): string {
    return `${this.secretResource.path}/${encodeURIComponent(this.#secret.name)}`
  }

  get #configurationPath(): string {
    return `${CONFIGURATIONS}/${encodeURIComponent(this.#configurationName)}`
  }

  /**
   * By server-side apply: a POST names no object while it is authorized, so that RBAC could only grant the creation of any
   * Secret; an apply does. It also leaves alone what another replica has put there meanwhile.
   */
  #createSecret(): Promise<ApiObject> {
    return this.#request('patch and create', this.secretName, {
      path: this.#secretPath,
      query: { fieldManager: 'pod-identity-webhook', force: 'true' },
      method: 'PATCH',
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion: 'v1', kind: 'Secret', metadata: this.#secret, type: 'Opaque' },
    })
  }

  #request<T>(verb: Verb, object: string, request: Omit<ApiRequest, 'timeoutMs' | 'signal'>): Promise<T>
  #request<T>(
    verb: Verb,
    object: string,
    request: Omit<ApiRequest, 'timeoutMs' | 'signal'>,
    mayBeAbsent: true,
  ): Promise<T | undefined>
  async #request<T>(
    verb: Verb,
    object: string,
    request: Omit<ApiRequest, 'timeoutMs' | 'signal'>,
    mayBeAbsent = false,
  ): Promise<T | undefined> {
    try {
      const answer = await this.#client.requestJson({
        ...request,
        timeoutMs: REQUEST_TIMEOUT_MS,
        signal: this.#signal,
      })
      return answer as T
    } catch (error) {
      if (mayBeAbsent && error instanceof ApiError && error.status === 404) return undefined
      throw new CertificateObjectError(verb, object, error)
    }
  }
}
