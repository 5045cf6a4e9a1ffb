import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { startConnectProxy } from '../../support/connect-proxy.ts'
import { listenOnLoopback } from '../../support/loopback-listener.ts'
import { createTestAuthority, issueTestCertificate } from './certificates.ts'

/** S3 as the internet sees it: moto's objects over HTTPS at S3's own name, as far as the bucket lets everybody read. */
export interface PublicStorage {
  readonly caPem: string
  /** Leads every host to it. */
  readonly proxyUrl: string
  /** Gets an https URL as anybody may. */
  read(url: string): Promise<{ readonly status: number; readonly body: string }>
  close(): Promise<void>
}

/** Opens it in front of moto, which itself lets everybody do everything. */
export async function openPublicStorage(motoUrl: string, host: string): Promise<PublicStorage> {
  const authority = await createTestAuthority('public storage')
  const { certificatePem: cert, privateKeyPem: key } = await issueTestCertificate(authority, [host])
  const ca = authority.certificatePem
  const listener = await listenOnLoopback(
    (incoming, response) => void answer(motoUrl, incoming, response).catch(() => response.destroy()),
    { cert, key },
  )
  const proxy = await startConnectProxy(listener.port)
  return {
    caPem: ca,
    proxyUrl: `http://127.0.0.1:${proxy.port}`,
    async read(url) {
      const { pathname: path, hostname: servername } = new URL(url)
      const target = { host: '127.0.0.1', port: listener.port, servername, path, ca, agent: false }
      const [response] = (await once(request(target).end(), 'response')) as [IncomingMessage]
      return { status: response.statusCode ?? 0, body: await text(response) }
    },
    async close() {
      await proxy.close()
      await listener.close()
    },
  }
}

/** moto serves all of AWS at one port, and tells by the signature which service is meant. */
const FOR_S3 = {
  headers: { authorization: 'AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request' },
}

async function answer(motoUrl: string, { method, url = '' }: IncomingMessage, response: ServerResponse) {
  const [, bucket = '', key = ''] = /^\/([^/?]+)\/([^?]+)$/.exec(url) ?? []
  const isAllowed = method === 'GET' && (await isPublic(`${motoUrl}/${bucket}`, `${bucket}/${key}`))
  if (!isAllowed) {
    response
      .writeHead(403, { 'content-type': 'application/xml' })
      .end('<Error><Code>AccessDenied</Code></Error>')
    return
  }
  const stored = await fetch(`${motoUrl}${url}`, FOR_S3)
  response.writeHead(stored.status, { 'content-type': stored.headers.get('content-type') ?? '' })
  response.end(await stored.text())
}

interface BucketPolicy {
  readonly Statement: readonly {
    readonly Effect: string
    readonly Principal: unknown
    readonly Action: string
    readonly Resource: string | readonly string[]
  }[]
}

/** What S3 asks of a bucket without ACLs before strangers may read an object. */
async function isPublic(bucketUrl: string, objectPath: string): Promise<boolean> {
  const block = await (await fetch(`${bucketUrl}?publicAccessBlock`, FOR_S3)).text()
  if (/<RestrictPublicBuckets>true/i.test(block)) return false
  const policy = await fetch(`${bucketUrl}?policy`, FOR_S3)
  if (!policy.ok) return false
  const { Statement: statements } = (await policy.json()) as BucketPolicy
  return statements.some(
    ({ Effect: effect, Principal: principal, Action: action, Resource: resource }) =>
      effect === 'Allow' &&
      principal === '*' &&
      action === 's3:GetObject' &&
      [resource].flat().includes(`arn:aws:s3:::${objectPath}`),
  )
}
