import type { ApiClient } from '../../../kubernetes/api-client.ts'
import type { ApiObject } from '../../../kubernetes/api-object.ts'
import { Backoff } from '../../../kubernetes/backoff.ts'
import type { ReflectedResource } from '../../../kubernetes/reflected-resource.ts'
import type { Reflector } from '../../../kubernetes/reflector.ts'
import type { Timing } from '../../../kubernetes/timing.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { ServingCertificate, UsePair } from '../serving-certificate.ts'
import { type AuthorityCertificate, writeBundle } from './authority-certificate.ts'
import { makeContent, makeLeaf } from './certificate-maker.ts'
import { CertificateObjectError, CertificateObjects } from './certificate-objects.ts'
import { type CertificateMetrics, CertificateReports } from './certificate-reports.ts'
import { buildSecretPatch, type CertificateSecret, readCertificateSecret } from './certificate-secret.ts'
import { chooseSigner, type ServedLeaf } from './leaf-plan.ts'
import type { CertificateLifetimes } from './lifetimes.ts'
import { watchObject } from './object-watch.ts'
import { planSecret } from './secret-plan.ts'
import { TrustObservation } from './trust-observation.ts'
import {
  buildTrustPatch,
  readTrust,
  readTrustedAuthorities,
  type ServiceReference,
  type WebhookConfiguration,
} from './webhook-configuration.ts'

/** What is kept, where, and for how long. */
export interface SelfManagedCertificateOptions {
  /** Stays open at `close`. */
  readonly client: ApiClient
  readonly namespace: string
  readonly secretName: string
  readonly serviceName: string
  readonly webhookConfigurationName: string
  readonly lifetimes: CertificateLifetimes
  readonly logger: Logger
  readonly metrics: CertificateMetrics
  readonly timing: Timing
  /** Gets each certificate to serve with. */
  readonly onChange: UsePair
}

/** A third of the time in which a caBundle must be put back: a watch tells sooner, and may miss something. */
const LONGEST_LOOK_INTERVAL_MS = 10_000

/**
 * The serving certificate, signed by an authority that all replicas share through a Secret and that API servers trust through
 * the `caBundle` of the webhook configuration; this keeps all three.
 *
 * Every replica does the same, without a leader: it looks at both objects and changes what is not as it should be, each
 * change on the condition that nobody else was faster. Failures are reported once and tried again.
 */
export class SelfManagedCertificate implements ServingCertificate {
  readonly #options: SelfManagedCertificateOptions
  readonly #service: ServiceReference
  readonly #objects: CertificateObjects
  readonly #reports: CertificateReports
  readonly #trust = new TrustObservation()
  readonly #backoff: Backoff
  readonly #closing = new AbortController()
  readonly #watches: readonly Reflector[]
  #alarm = new AbortController()
  #served: ServedLeaf | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: SelfManagedCertificateOptions) {
    const { client, namespace } = options
    this.#options = options
    this.#service = { name: options.serviceName, namespace }
    this.#objects = new CertificateObjects({
      client,
      secret: { name: options.secretName, namespace },
      configurationName: options.webhookConfigurationName,
      signal: this.#closing.signal,
    })
    this.#reports = new CertificateReports(options)
    this.#backoff = new Backoff(options.timing)
    this.#watches = [
      this.#watch(this.#objects.secretResource, () => {}),
      // What lasts less than a look is noticed too: a bundle that was away for a moment begins its overlap anew.
      this.#watch(this.#objects.configurationResource, (configuration) => this.#observe(configuration)),
    ]
  }

  /** Resolves at once; what cannot be had yet is tried until it can. */
  start(): Promise<void> {
    for (const watch of this.#watches) watch.start()
    this.#running = this.#run()
    return Promise.resolve()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([this.#running, ...this.#watches.map((watch) => watch.close())])
  }

  pendingReasons(): readonly string[] {
    const { secretName, configurationName } = this.#objects
    const served = this.#served
    if (served === undefined)
      return [this.#explain(`no certificate authority was read from ${secretName} yet`)]
    if (served.notAfterMs <= this.#options.timing.wallTimeMs())
      return [
        this.#explain(`the serving certificate expired at ${new Date(served.notAfterMs).toISOString()}`),
      ]
    if (!this.#trust.isKnown) return [this.#explain(`${configurationName} was not read yet`)]
    if (!this.#trust.isTrusted(served.authority.fingerprint))
      return [this.#explain(`the caBundle of ${configurationName} does not hold our certificate authority`)]
    return []
  }

  #watch(resource: ReflectedResource, onChange: (object: ApiObject | undefined) => void): Reflector {
    const { client, timing } = this.#options
    return watchObject({
      client,
      resource,
      timing,
      onChange: (object) => {
        onChange(object)
        this.#alarm.abort()
      },
      onRefused: (error) => this.#reports.watchRefused(resource.path, error),
    })
  }

  #explain(reason: string): string {
    const { failure } = this.#reports
    return failure === undefined ? reason : `${reason}: ${failure}`
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      this.#alarm = new AbortController()
      const retryAfterMs = await this.#look()
      if (retryAfterMs === undefined) await this.#waitForNextLook()
      else await this.#backoff.pause(retryAfterMs, signal)
    }
  }

  /** Returns how long to wait at least before the next look; undefined where all is as it should be. */
  async #look(): Promise<number | undefined> {
    try {
      const isChanged = await this.#settle()
      // Also after a change that went well, so that somebody who undoes it each time is met at a measured pace.
      if (isChanged) return 0
      this.#backoff.reset()
      return undefined
    } catch (error) {
      if (this.#closing.signal.aborted) return 0
      this.#reports.failed(error)
      // The API server is away, or refuses us: a certificate near its end is renewed by the authority in memory.
      await this.#settleLeaf(undefined)
      return error instanceof CertificateObjectError ? error.retryAfterMs : 0
    }
  }

  /** Looks at both objects once and puts right what is not. */
  async #settle(): Promise<boolean> {
    // The configuration first: its caBundle is made from the Secret, so a Secret read later is never older than it, and a
    // replica that lags behind cannot take an authority out of the caBundle that another has just added.
    const configuration = await this.#objects.readConfiguration()
    this.#observe(configuration)
    const { secret, isChanged } = await this.#settleSecret(configuration)
    await this.#settleLeaf(secret)
    const isRepaired = configuration !== undefined && (await this.#settleTrust(configuration, secret))
    this.#reports.settled(secret)
    return isChanged || isRepaired
  }

  async #settleSecret(configuration: WebhookConfiguration | undefined) {
    const { timing, lifetimes } = this.#options
    const object = await this.#objects.readSecret()
    const nowMs = timing.wallTimeMs()
    const secret = readCertificateSecret(object, nowMs)
    const plan = planSecret(secret, {
      served: this.#served?.authority,
      trusted: readTrustedAuthorities(configuration, this.#service),
      heldMs: (authority) => this.#findHeldMs(authority),
      nowMs,
      lifetimes,
    })
    if (plan === undefined) return { secret, isChanged: false }
    const content = await makeContent(plan, { nowMs, lifetimes })
    const patch = buildSecretPatch(content, object.metadata.resourceVersion)
    const patched = readCertificateSecret(await this.#objects.patchSecret(patch), nowMs)
    this.#reports.changed(plan.change, secret, content)
    return { secret: patched, isChanged: true }
  }

  async #settleLeaf(secret: CertificateSecret | undefined): Promise<void> {
    const { timing, lifetimes, onChange } = this.#options
    const nowMs = timing.wallTimeMs()
    const signer = chooseSigner({
      current: secret?.current.state === 'usable' ? secret.current.authority : undefined,
      served: this.#served,
      heldMs: (authority) => this.#findHeldMs(authority),
      nowMs,
      overlapMs: lifetimes.overlapMs,
    })
    if (signer === undefined) return
    const { pair, renewalMs } = await makeLeaf(signer, this.#service, { nowMs, lifetimes })
    onChange(pair)
    this.#served = { authority: signer, renewalMs, notAfterMs: pair.notAfter.getTime() }
    this.#reports.served(pair, signer.fingerprint)
  }

  async #settleTrust(configuration: WebhookConfiguration, secret: CertificateSecret): Promise<boolean> {
    const patch = buildTrustPatch(configuration, this.#service, writeBundle(secret.bundle))
    if (patch === undefined) return false
    this.#observe(await this.#objects.patchConfiguration(patch))
    this.#reports.repaired(this.#objects.configurationName)
    return true
  }

  #observe(configuration: ApiObject | undefined): void {
    this.#trust.note(readTrust(configuration, this.#service), this.#options.timing.nowMs())
  }

  #findHeldMs({ fingerprint }: AuthorityCertificate): number {
    return this.#trust.findHeldMs(fingerprint)
  }

  async #waitForNextLook(): Promise<void> {
    const { timing, lifetimes } = this.#options
    // Lifetimes of a minute, as in tests, would else be over between two looks.
    const intervalMs = Math.min(LONGEST_LOOK_INTERVAL_MS, lifetimes.leafMs / 10, lifetimes.overlapMs / 4)
    const signal = AbortSignal.any([this.#alarm.signal, this.#closing.signal])
    try {
      await timing.wait(intervalMs, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
