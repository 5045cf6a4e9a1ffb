import { X509Certificate } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Test } from 'tap'
import type { CertificateLifetimes } from '../../src/webhook/certificates/self-managed/lifetimes.ts'
import { type CertificateReplica, startCertificateReplica } from './certificate-replica.ts'
import { FakeApiServer } from './fake-api-server.ts'
import { SharedClock } from './shared-clock.ts'

export const NAMESPACE = 'eks'
export const NAME = 'pod-identity-webhook'
export const MINUTE_MS = 60_000
export const DAY_MS = 24 * 60 * MINUTE_MS

/** What the flags say where they are not given. */
export const LIFETIMES: CertificateLifetimes = {
  authorityMs: 365 * DAY_MS,
  leafMs: 30 * DAY_MS,
  overlapMs: 10 * MINUTE_MS,
}

/** How far an API server may lag behind with the caBundle that it trusts. */
const TRUST_LAG_MS = 5 * MINUTE_MS

/**
 * Replicas in one process before a fake API server, at a time that is moved by hand.
 *
 * Whatever happens, each replica that was ready once is looked at: every API server, be its caBundle as old as 5 minutes,
 * must accept the certificate that is served. What it would refuse is in `failures`.
 */
export class CertificateWorld {
  readonly clock = new SharedClock()
  readonly replicas: CertificateReplica[] = []
  readonly failures = new Set<string>()
  readonly server: FakeApiServer
  readonly #t: Test
  readonly #observed = new Set<CertificateReplica>()
  #bundles: { readonly pem: string; readonly sinceMs: number }[] = []
  #isLagChecked: boolean = false
  readonly #certificates = new Map<string, X509Certificate>()
  readonly #signatures = new Map<string, boolean>()

  private constructor(t: Test, server: FakeApiServer) {
    this.#t = t
    this.server = server
    server.on('request', () => queueMicrotask(() => this.#check()))
  }

  /** With the Secret as it is shipped, empty, and a webhook configuration without a caBundle, unless told otherwise. */
  static async create(t: Test, options: { readonly isConfigured?: boolean } = {}): Promise<CertificateWorld> {
    const server = await FakeApiServer.start()
    t.teardown(() => server.close())
    const world = new CertificateWorld(t, server)
    server.put('secrets', { namespace: NAMESPACE, name: NAME, fields: { type: 'Opaque' } })
    if (options.isConfigured ?? true) world.configure([''])
    return world
  }

  async startReplica(skewMs = 0, lifetimes = LIFETIMES): Promise<CertificateReplica> {
    const replica = await startCertificateReplica(this.#t, {
      server: { url: this.server.url, caPem: this.server.ca },
      namespace: NAMESPACE,
      webhookConfigurationName: NAME,
      lifetimes,
      timing: this.clock.createTiming(skewMs),
    })
    this.replicas.push(replica)
    return replica
  }

  /** Starts that many and waits until all are ready. */
  async startReplicas(skewsMs: readonly number[], lifetimes = LIFETIMES): Promise<void> {
    await Promise.all(skewsMs.map((skewMs) => this.startReplica(skewMs, lifetimes)))
    await this.until(() => this.areReady)
    for (const replica of this.replicas) this.#observed.add(replica)
  }

  get areReady(): boolean {
    return this.replicas.every(({ certificate }) => certificate.pendingReasons().length === 0)
  }

  /** From now on API servers may lag behind; before, what they trust has just come into being. */
  checkLag(): void {
    this.#isLagChecked = true
  }

  /** Moves the time on in steps, after each of which every replica has looked; while the API server is away, its watches wait as well. */
  async pass(durationMs: number, stepMs: number, options: { readonly isAway?: boolean } = {}): Promise<void> {
    const waitCount = this.replicas.length * (options.isAway ? 3 : 1)
    for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
      await this.clock.untilIdle(waitCount)
      this.clock.advance(stepMs)
      this.#check()
    }
    await this.clock.untilIdle(waitCount)
  }

  /** Lets replicas work, at a time that passes by 100 ms a turn, until `isSo`; the test's own time limit ends it. */
  async until(isSo: () => boolean): Promise<void> {
    for (let turn = 1; !isSo(); turn++) {
      await setImmediate()
      if (turn % 50 === 0) this.clock.advance(100)
    }
  }

  /** Puts the webhook configuration there, with a webhook of ours for each caBundle, after one of somebody else. */
  configure(bundles: readonly string[]): void {
    const ours = bundles.map((pem) => ({
      name: 'ours',
      clientConfig: {
        service: { name: NAME, namespace: NAMESPACE, path: '/mutate' },
        ...(pem !== '' && { caBundle: encode(pem) }),
      },
      aFieldOfLaterVersions: { kept: true },
    }))
    const other = {
      name: 'other',
      clientConfig: { service: { name: NAME, namespace: 'other' }, caBundle: 'b3RoZXI=' },
    }
    this.server.put('mutatingwebhookconfigurations', {
      namespace: '',
      name: NAME,
      fields: { webhooks: [other, ...ours] },
    })
    this.#check()
  }

  get webhooks(): readonly { readonly clientConfig: { readonly caBundle?: string } }[] {
    const found = this.server.find('mutatingwebhookconfigurations', '', NAME)
    return (found?.fields?.['webhooks'] ?? []) as CertificateWorld['webhooks']
  }

  /** The caBundle of our first webhook. */
  get bundle(): string {
    return decode(this.webhooks[1]?.clientConfig.caBundle ?? '')
  }

  /** What the Secret holds, decoded. */
  get secret(): Readonly<Partial<Record<string, string>>> {
    const data = this.server.find('secrets', NAMESPACE, NAME)?.data ?? {}
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decode(value)]))
  }

  /** Sets keys of the Secret and leaves the others, its annotations included. */
  writeSecret(data: Readonly<Record<string, string>>): void {
    const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, encode(text)]))
    const found = this.server.find('secrets', NAMESPACE, NAME)
    this.server.put('secrets', {
      namespace: NAMESPACE,
      name: NAME,
      ...found,
      data: { ...found?.data, ...encoded },
    })
  }

  /** How many lines of all replicas have this message. */
  count(message: RegExp): number {
    return this.replicas.flatMap(({ lines }) => lines).filter(({ msg }) => message.test(msg)).length
  }

  /** How many replicas serve with a certificate that this authority alone vouches for. */
  countServedBy(authorityPem: string): number {
    return this.replicas.filter(({ pairs }) => this.#isAccepted(authorityPem, pairs.at(-1)?.certificatePem))
      .length
  }

  #check(): void {
    const nowMs = this.clock.wallTimeMs
    const pem = this.bundle
    if (pem !== this.#bundles.at(-1)?.pem) this.#bundles.push({ pem, sinceMs: nowMs })
    // One of the past counts for as long as the one after it is younger than the lag.
    while ((this.#bundles[1]?.sinceMs ?? nowMs) < nowMs - TRUST_LAG_MS) this.#bundles.shift()
    const trusted = this.#isLagChecked ? this.#bundles.map((each) => each.pem) : [pem]
    for (const replica of this.#observed) {
      for (const bundle of trusted) {
        if (this.#isAccepted(bundle, replica.pairs.at(-1)?.certificatePem)) continue
        const age = (nowMs - Date.parse('2026-01-01T00:00:00Z')) / DAY_MS
        this.failures.add(`replica ${this.replicas.indexOf(replica)} on day ${age}`)
      }
    }
  }

  /** As an API server whose clock is right verifies. */
  #isAccepted(bundle: string, leafPem: string | undefined): boolean {
    const leaf = leafPem === undefined ? undefined : this.#read(leafPem)
    const authorities = bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []
    return (
      leaf !== undefined &&
      this.#isValid(leaf) &&
      leaf.checkHost(`${NAME}.${NAMESPACE}.svc`) !== undefined &&
      authorities
        .map((pem) => this.#read(pem))
        .some((each) => this.#isValid(each) && this.#isIssued(leaf, each))
    )
  }

  #isValid({ validFromDate, validToDate }: X509Certificate): boolean {
    const nowMs = this.clock.wallTimeMs
    return validFromDate.getTime() <= nowMs && nowMs < validToDate.getTime()
  }

  /** Kept: the same certificates are looked at thousands of times. */
  #read(pem: string): X509Certificate {
    const certificate = this.#certificates.get(pem) ?? new X509Certificate(pem)
    this.#certificates.set(pem, certificate)
    return certificate
  }

  #isIssued(leaf: X509Certificate, authority: X509Certificate): boolean {
    const key = `${leaf.fingerprint256} ${authority.fingerprint256}`
    const isIssued =
      this.#signatures.get(key) ?? (leaf.checkIssued(authority) && leaf.verify(authority.publicKey))
    this.#signatures.set(key, isIssued)
    return isIssued
  }
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}
