import { homedir } from 'node:os'
import type { Environment } from '../../aws/endpoint.ts'
import { isObject } from '../../iam/trust-policy.ts'
import { ApiClient } from '../../kubernetes/api-client.ts'
import {
  ApiConfigurationError,
  ApiConnectionError,
  ApiError,
  describeError,
} from '../../kubernetes/api-error.ts'
import { findConnection } from '../../kubernetes/connection-source.ts'
import { SYSTEM_TIMING } from '../../kubernetes/timing.ts'
import { DISCOVERY_PATH } from '../documents/discovery-document.ts'
import type { Flaw } from './check.ts'

/** The ServiceAccount whose pods want the role. */
export interface ServiceAccountName {
  readonly namespace: string
  readonly name: string
}

/** Which cluster is asked; `undefined` for what is chosen without the flags. */
export interface ClusterChoice {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
}

/** What the API server answered, or why it did not. */
export type Answer<Value> = { readonly value: Value } | { readonly flaw: Flaw }

/** What the cluster says of its issuer. */
export type ClusterReading =
  /** None is configured. */
  | { readonly kind: 'absent'; readonly why: string }
  | { readonly kind: 'unreachable'; readonly flaw: Flaw }
  | {
      readonly kind: 'read'
      readonly issuer: Answer<string>
      /** The members of its key set. */
      readonly keys: Answer<Readonly<Record<string, unknown>>>
      requestToken(account: ServiceAccountName, audience: string): Promise<Answer<string>>
    }

const REQUEST_TIMEOUT_MS = 10_000

/** The shortest that the API server grants. */
const TOKEN_LIFETIME_SECONDS = 600

/**
 * Makes a client of the cluster, which the caller closes; `undefined` where none is configured.
 *
 * Rejects with an ApiConfigurationError where a kubeconfig or context was named and cannot be used.
 */
export async function connectCluster(
  { kubeconfig, context }: ClusterChoice,
  env: Environment,
): Promise<ApiClient | undefined> {
  try {
    const connection = await findConnection({
      kubeconfigPath: kubeconfig,
      context,
      server: undefined,
      environment: env,
      homeFolder: env['HOME'] || homedir(),
      timing: SYSTEM_TIMING,
    })
    return new ApiClient(connection)
  } catch (error) {
    const isNamed = kubeconfig !== undefined || context !== undefined
    if (isNamed || !(error instanceof ApiConfigurationError)) throw error
    return undefined
  }
}

/** Reads what the cluster publishes of its issuer. */
export async function readCluster(client: ApiClient | undefined): Promise<ClusterReading> {
  if (client === undefined) return { kind: 'absent', why: 'no cluster is configured' }
  try {
    const [discovery, keys] = await Promise.all([
      getDocument(client, `/${DISCOVERY_PATH}`),
      getDocument(client, '/openid/v1/jwks'),
    ])
    return {
      kind: 'read',
      issuer: 'flaw' in discovery ? discovery : readIssuer(discovery.value),
      keys,
      requestToken: (account, audience) => requestToken(client, account, audience),
    }
  } catch (error) {
    if (!(error instanceof ApiConnectionError || error instanceof ApiConfigurationError)) throw error
    const hint = 'check the kubeconfig, the network, and that the API server runs'
    return { kind: 'unreachable', flaw: { message: `the cluster does not answer: ${error.message}`, hint } }
  }
}

/** Rejects with an ApiConnectionError. */
async function getDocument(
  client: ApiClient,
  path: string,
): Promise<Answer<Readonly<Record<string, unknown>>>> {
  try {
    const value = await client.requestJson({
      path,
      accept: 'application/jwk-set+json, application/json',
      timeoutMs: REQUEST_TIMEOUT_MS,
    })
    return isObject(value) ? { value } : { flaw: { message: `GET ${path}: it is no JSON object`, hint: '' } }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const hint =
      error.status === 401 || error.status === 403
        ? `sign in to the cluster as somebody who may get ${path}, as the ClusterRole system:service-account-issuer-discovery allows`
        : ''
    return { flaw: { message: error.message, hint } }
  }
}

function readIssuer({ issuer }: Readonly<Record<string, unknown>>): Answer<string> {
  return typeof issuer === 'string'
    ? { value: issuer }
    : { flaw: { message: 'the cluster names no issuer in its discovery document', hint: '' } }
}

async function requestToken(
  client: ApiClient,
  { namespace, name }: ServiceAccountName,
  audience: string,
): Promise<Answer<string>> {
  try {
    const answer = await client.requestJson({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: [audience], expirationSeconds: TOKEN_LIFETIME_SECONDS },
      },
      timeoutMs: REQUEST_TIMEOUT_MS,
    })
    const status = isObject(answer) ? answer['status'] : undefined
    const token = isObject(status) ? status['token'] : undefined
    if (typeof token === 'string' && token !== '') return { value: token }
    return { flaw: { message: 'the API server answers without a token', hint: '' } }
  } catch (error) {
    if (error instanceof ApiError || error instanceof ApiConnectionError)
      return { flaw: { message: describeError(error), hint: adviseOnToken(error, namespace, name) } }
    throw error
  }
}

function adviseOnToken(error: ApiError | ApiConnectionError, namespace: string, name: string): string {
  if (!(error instanceof ApiError)) return 'check the network, and that the API server runs'
  if (error.status === 404)
    return `create it with \`kubectl create serviceaccount -n ${namespace} ${name}\`, or correct --service-account`
  const isRefused = error.status === 401 || error.status === 403
  return isRefused
    ? `sign in to the cluster as somebody who may create serviceaccounts/token in the namespace ${namespace}`
    : ''
}
