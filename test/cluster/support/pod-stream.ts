import type { V1Pod } from '@kubernetes/client-node'
import { type ApiClient, createApiClient } from './api-client.ts'
import type { ControlPlaneConnection } from './control-plane.ts'
import { poll } from './daemon.ts'
import { findIdentity, WEB_IDENTITY } from './pod-credentials.ts'
import { describePod, roleArn } from './webhook-registration.ts'

/** How the creations of pods ended. */
export interface StreamTally {
  created: number
  /** Pods that the API server admitted without what their ServiceAccount asks for. */
  withoutCredentials: number
  /** Creations that the API server refused and that name the webhook as the cause. */
  refusedByWebhook: number
  /** Creations that failed for any other reason; the first ones are in `failures`. */
  failed: number
  /** Times that a creation was repeated because the API server could not be reached. */
  retries: number
}

/** Pods that are created at a steady rate. */
export interface PodStream {
  readonly tally: Readonly<StreamTally>
  readonly failures: readonly string[]
  /** Resolves once so many creations have ended, well or not. */
  waitForCount(count: number): Promise<void>
  waitForMore(count: number): Promise<void>
  /** Stops creating and waits for what is under way. */
  stop(): Promise<void>
}

/** Every so many pods one comes at once after its own new ServiceAccount. */
const PODS_PER_ACCOUNT = 10
/**
 * One after the other they would all go over one connection of the API server, to the replica that happens to have it; so
 * many at once take connections to all replicas, and new ones where a replica has gone.
 */
const PODS_AT_ONCE = 10
const RETRY_TIMEOUT_MS = 30_000
const RETRY_DELAY_MS = 100
const COUNT_TIMEOUT_MS = 90_000

/**
 * Creates pods of annotated ServiceAccounts in a namespace until it is stopped. What cannot reach the API server is tried
 * again, as clients do; nothing else is.
 */
export function startPodStream(
  connection: ControlPlaneConnection,
  options: {
    readonly namespace: string
    readonly podsPerSecond: number
    /** Keeps pods from nodes, where there are real ones. */
    readonly isGated?: boolean
    /** ServiceAccounts that are there already, each with the role of its name; absent for a new one every ten pods. */
    readonly accounts?: readonly string[]
  },
): PodStream {
  const { namespace, podsPerSecond, isGated = false, accounts: given } = options
  const tally: StreamTally = {
    created: 0,
    withoutCredentials: 0,
    refusedByWebhook: 0,
    failed: 0,
    retries: 0,
  }
  const failures: string[] = []
  const pending = new Set<Promise<void>>()
  const collection = (kind: string) => `/api/v1/namespaces/${namespace}/${kind}`
  const client = createApiClient({
    url: connection.apiServerUrl,
    caPem: connection.caPem,
    token: connection.adminToken,
    maxSockets: 200,
    keepAlive: false,
  })
  const create = (path: string, object: unknown) => createWithRetries(client, path, object, tally)

  const accounts = new Map<string, Promise<unknown>>()
  const createAccount = (name: string) => {
    const annotations = { 'eks.amazonaws.com/role-arn': roleArn(name) }
    const created = create(collection('serviceaccounts'), { metadata: { name, annotations } })
    accounts.set(name, created)
    return created
  }
  const createPod = async (index: number) => {
    const name = `pod-${index}`
    const account = given?.[index % given.length] ?? `account-${Math.floor(index / PODS_PER_ACCOUNT)}`
    if (given === undefined) await (accounts.get(account) ?? createAccount(account))
    const pod = describePod(name, account)
    const spec = { ...pod.spec, ...(isGated && { schedulingGates: [{ name: 'example.com/never' }] }) }
    const answer = await create(collection('pods'), { ...pod, spec })
    if (answer.status === 201) {
      tally.created++
      if (findIdentity(answer.body as V1Pod, WEB_IDENTITY) === roleArn(account)) return
      tally.withoutCredentials++
      failures.push(`${name} has no credentials: ${answer.warnings.join('; ')}`)
      return
    }
    const text = JSON.stringify(answer.body)
    if (text.includes('webhook')) tally.refusedByWebhook++
    else tally.failed++
    failures.push(`${name}: ${answer.status} ${text.slice(0, 500)}`)
  }

  let index = 0
  const timer = setInterval(
    () => {
      for (let pod = 0; pod < PODS_AT_ONCE; pod++) {
        const created = createPod(index++).catch((error: unknown) => {
          tally.failed++
          failures.push(String(error))
        })
        pending.add(created)
        void created.then(() => pending.delete(created))
      }
    },
    (PODS_AT_ONCE * 1_000) / podsPerSecond,
  )
  const waitForCount = async (count: number) => {
    const isReached = async () => countEnded(tally) >= count || undefined
    if (await poll(isReached, COUNT_TIMEOUT_MS)) return
    throw new Error(`${countEnded(tally)} pods and not ${count} after ${COUNT_TIMEOUT_MS} ms`)
  }
  return {
    tally,
    failures,
    waitForCount,
    waitForMore: (count) => waitForCount(countEnded(tally) + count),
    async stop() {
      clearInterval(timer)
      await Promise.all(pending)
      client.close()
    },
  }
}

function countEnded({ created, refusedByWebhook, failed }: StreamTally): number {
  return created + refusedByWebhook + failed
}

async function createWithRetries(client: ApiClient, path: string, object: unknown, tally: StreamTally) {
  const deadlineMs = performance.now() + RETRY_TIMEOUT_MS
  for (;;) {
    try {
      return await client.send('POST', path, object)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ECONNREFUSED' || performance.now() > deadlineMs) throw error
      tally.retries++
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS))
    }
  }
}
