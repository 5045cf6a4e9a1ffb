import type { ApiClient } from '../../kubernetes/api-client.ts'
import { ApiError } from '../../kubernetes/api-error.ts'
import { parseKeySet } from './key-set.ts'
import type { SigningKey } from './signing-key.ts'

const PATH = '/openid/v1/jwks'
const TIMEOUT_MS = 10_000

/** What a person does where the API server answers with a status. */
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [401, 'the credentials of the kubeconfig are not accepted: sign in again'],
  [403, 'bind the ClusterRole system:service-account-issuer-discovery to this user or ServiceAccount'],
  [404, 'it serves no keys: its --service-account-issuer must be an https URL'],
])

/** Asks the API server for the keys that it verifies ServiceAccount tokens with, their kids as they are. Rejects in one line. */
export async function readClusterKeys(
  client: ApiClient,
  signal?: AbortSignal,
): Promise<readonly SigningKey[]> {
  const answer = await requestKeySet(client, signal)
  const keys = parse(answer)
  if (keys.length === 0)
    throw new Error(`GET ${PATH}: the API server lists no keys; it needs --service-account-key-file`)
  return keys
}

async function requestKeySet(client: ApiClient, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    return await client.requestJson({
      path: PATH,
      accept: 'application/jwk-set+json, application/json',
      timeoutMs: TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (error) {
    const remedy = error instanceof ApiError ? REMEDIES.get(error.status) : undefined
    if (remedy === undefined) throw error
    throw new Error(`${(error as Error).message}; ${remedy}`, { cause: error })
  }
}

function parse(answer: unknown): readonly SigningKey[] {
  try {
    return parseKeySet(answer)
  } catch (error) {
    throw new Error(`GET ${PATH}: ${(error as Error).message}`, { cause: error })
  }
}
