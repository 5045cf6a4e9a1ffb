import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { parse } from 'yaml'

export const EXAMPLE_POD_PATH = 'deploy/examples/pod.yaml'

/** An AdmissionReview (v1) for the example pod, as the API server would send it. */
export async function buildExampleReview(): Promise<object> {
  const pod = parse(await readFile(EXAMPLE_POD_PATH, 'utf8'))
  const { name, namespace } = pod.metadata
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      name,
      namespace,
      operation: 'CREATE',
      userInfo: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
      object: pod,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  }
}

/** What came back for a review. */
export interface ReviewReply {
  readonly statusCode: number
  readonly body: string
}

/** Posts a review to a webhook on this machine, over TLS that the development CA vouches for. */
export async function postReview(port: number, review: object): Promise<ReviewReply> {
  const ca = await readFile('certs/ca.crt')
  const body = JSON.stringify(review)
  return new Promise((resolve, reject) => {
    const post = request(
      {
        host: 'localhost',
        port,
        path: '/mutate?timeout=10s',
        method: 'POST',
        ca,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        timeout: 10_000,
      },
      async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        resolve({ statusCode: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })
      },
    )
    post.on('timeout', () => post.destroy(new Error('no answer within 10 s')))
    post.on('error', reject)
    post.end(body)
  })
}
