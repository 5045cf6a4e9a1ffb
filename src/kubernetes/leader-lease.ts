import type { ApiClient } from './api-client.ts'
import { ApiError, describeError } from './api-error.ts'
import type { Timing } from './timing.ts'

/** The Lease that one of several replicas holds (coordination.k8s.io/v1). */
export interface LeaderLeaseOptions {
  readonly client: ApiClient
  readonly namespace: string
  readonly name: string
  /** Of this process, other than that of any other. */
  readonly identity: string
  readonly timing: Timing
  /** Told in one line why the Lease could not be read or written. */
  onFailure(reason: string): void
}

/** As client-go's: how long a Lease counts after its holder was last heard of, and how often it is renewed. */
const LEASE_SECONDS = 15
const RENEWAL_MS = 2_000
/** A holder that could not renew stops before others may take over. */
const RENEWAL_DEADLINE_MS = 10_000
const REQUEST_TIMEOUT_MS = 5_000

interface Lease {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string }
  readonly spec: {
    readonly holderIdentity?: string | null
    readonly leaseDurationSeconds?: number
    readonly renewTime?: string | null
    readonly acquireTime?: string | null
    readonly leaseTransitions?: number
  }
}

/**
 * Does `lead` while this process holds the Lease, until `signal` is aborted: waits for it, holds it, and gives it back at the end.
 * The signal that `lead` gets is aborted when the Lease is lost too; it is waited for again then.
 *
 * A Lease whose holder is not heard of for 15 s by this machine's clock is free: clocks of two machines are never compared.
 */
export async function leadWithLease(
  options: LeaderLeaseOptions,
  signal: AbortSignal,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const lease = new LeaderLease(options)
  while (!signal.aborted) {
    if (await lease.tryToHold(signal)) await leadWhileHeld(lease, options.timing, signal, lead)
    await pause(options.timing, signal)
  }
  await lease.release()
}

async function leadWhileHeld(
  lease: LeaderLease,
  timing: Timing,
  signal: AbortSignal,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const lost = new AbortController()
  const leading = lead(AbortSignal.any([signal, lost.signal])).finally(() => lost.abort())
  let heldAtMs = timing.nowMs()
  while (!signal.aborted && !lost.signal.aborted) {
    await pause(timing, AbortSignal.any([signal, lost.signal]))
    const isHeld = await lease.tryToHold(signal)
    if (isHeld) heldAtMs = timing.nowMs()
    else if (lease.isHeldByAnother || timing.nowMs() - heldAtMs > RENEWAL_DEADLINE_MS) lost.abort()
  }
  await leading
}

class LeaderLease {
  readonly #options: LeaderLeaseOptions
  readonly #path: string
  /** What was last read of another holder, and when by our clock. */
  #observed: { readonly record: string; readonly atMs: number } | undefined
  #isHeldByAnother = false

  constructor(options: LeaderLeaseOptions) {
    this.#options = options
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`
  }

  get isHeldByAnother(): boolean {
    return this.#isHeldByAnother
  }

  /** Takes or renews it; whether it is held now. Never rejects. */
  async tryToHold(signal: AbortSignal): Promise<boolean> {
    const { identity, onFailure } = this.#options
    try {
      const lease = await this.#read(signal)
      if (lease === undefined) return await this.#create(signal)
      const { holderIdentity } = lease.spec
      const isTaken = holderIdentity !== identity
      const isFree = !isTaken || this.#isFree(lease)
      this.#isHeldByAnother = !isFree
      return isFree ? await this.#write(lease, isTaken, signal) : false
    } catch (error) {
      // Another replica was faster.
      if (error instanceof ApiError && error.status === 409) return false
      if (!signal.aborted) onFailure(describeError(error))
      return false
    }
  }

  /** Lets others take it at once. Never rejects. */
  async release(): Promise<void> {
    const { identity, onFailure } = this.#options
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    try {
      const lease = await this.#read(signal)
      if (lease?.spec.holderIdentity !== identity) return
      await this.#put(
        { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } },
        signal,
      )
    } catch (error) {
      onFailure(describeError(error))
    }
  }

  #isFree({ spec }: Lease): boolean {
    if (!spec.holderIdentity) return true
    const record = JSON.stringify(spec)
    const nowMs = this.#options.timing.nowMs()
    if (this.#observed?.record !== record) this.#observed = { record, atMs: nowMs }
    return nowMs - this.#observed.atMs > (spec.leaseDurationSeconds ?? LEASE_SECONDS) * 1000
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, name } = this.#options
    try {
      return (await client.requestJson({
        path: `${this.#path}/${name}`,
        timeoutMs: REQUEST_TIMEOUT_MS,
        signal,
      })) as Lease
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  async #create(signal: AbortSignal): Promise<boolean> {
    const { client, name } = this.#options
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name },
      spec: this.#describeHold(0, undefined),
    }
    await client.requestJson({
      method: 'POST',
      path: this.#path,
      body,
      timeoutMs: REQUEST_TIMEOUT_MS,
      signal,
    })
    return true
  }

  async #write(lease: Lease, isTaken: boolean, signal: AbortSignal): Promise<boolean> {
    const transitions = (lease.spec.leaseTransitions ?? 0) + (isTaken ? 1 : 0)
    const acquireTime = isTaken ? undefined : (lease.spec.acquireTime ?? undefined)
    await this.#put(
      { ...lease, spec: { ...lease.spec, ...this.#describeHold(transitions, acquireTime) } },
      signal,
    )
    return true
  }

  #describeHold(leaseTransitions: number, acquireTime: string | undefined): Lease['spec'] {
    // Micro seconds are part of the format.
    const renewTime = new Date(this.#options.timing.wallTimeMs()).toISOString().replace('Z', '000Z')
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: LEASE_SECONDS,
      acquireTime: acquireTime ?? renewTime,
      renewTime,
      leaseTransitions,
    }
  }

  /** With its resourceVersion: it fails where another one wrote meanwhile. */
  async #put(body: Lease, signal: AbortSignal): Promise<void> {
    const { client, name } = this.#options
    const path = `${this.#path}/${name}`
    await client.requestJson({ method: 'PUT', path, body, timeoutMs: REQUEST_TIMEOUT_MS, signal })
  }
}

async function pause(timing: Timing, signal: AbortSignal): Promise<void> {
  await timing.wait(RENEWAL_MS, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
