import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Cluster } from './cluster.ts'

/** One request, and whether RBAC lets it pass: whatever else is wrong with it comes after that. */
export interface Attempt {
  readonly method: string
  readonly path: string
  readonly contentType?: string
  readonly body?: unknown
}

/** What the API server answered to an attempt. */
export interface AttemptAnswer {
  readonly status: number
  readonly body: unknown
}

/** The content type of a server-side apply. */
export const APPLY_PATCH = 'application/apply-patch+yaml'

/** Makes one request as the owner of a token. */
export async function attemptRequest(
  { connection }: Cluster,
  token: string,
  { method, path, contentType = 'application/json', body }: Attempt,
): Promise<AttemptAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<AttemptAnswer>()
  const agent = new Agent({ ca: connection.caPem, maxCachedSessions: 0 })
  const payload = body === undefined ? '' : JSON.stringify(body)
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': contentType,
    'content-length': Buffer.byteLength(payload),
  }
  request(new URL(path, connection.apiServerUrl), { method, agent, headers, timeout: 10_000 }, (response) => {
    text(response).then(
      (answer) => resolve({ status: response.statusCode ?? 0, body: parse(answer) }),
      reject,
    )
  })
    .on('error', reject)
    .end(payload)
  return promise
}

function parse(answer: string): unknown {
  try {
    return JSON.parse(answer)
  } catch {
    return answer
  }
}
