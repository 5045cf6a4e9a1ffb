import { describeError } from '../../../kubernetes/api-error.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import type { ServingPair } from '../serving-pair.ts'
import { CertificateObjectError } from './certificate-objects.ts'
import type { CertificateSecret, SecretContent } from './certificate-secret.ts'
import type { SecretChange } from './secret-plan.ts'

/** The metrics that tell of self-managed certificates. */
export type CertificateMetrics = Pick<
  Metrics,
  | 'certificateNotAfter'
  | 'certificateReloads'
  | 'certificateAuthorityNotAfter'
  | 'certificateAuthorityChanges'
  | 'caBundleRepairs'
>

const CHANGE_MESSAGES: Readonly<Record<SecretChange, string>> = {
  created: 'certificate authority created',
  replaced: 'the certificate authority in the Secret cannot be used: a new one takes its place',
  adopted: 'the certificate authority that somebody put into the Secret is adopted',
  introduced:
    'the next certificate authority is introduced; it signs once API servers have trusted it for a while',
  promoted: 'the next certificate authority signs from now on',
  restored: 'certificate authorities in use were missing among the trusted ones: put back',
  retired: 'certificate authorities that nobody uses any more are no longer trusted',
}

/** Tells in logs and metrics how it goes with the certificates. */
export class CertificateReports {
  readonly #logger: Logger
  readonly #metrics: CertificateMetrics
  readonly #refusedPaths = new Set<string>()
  #failure: string | undefined
  #hasServed: boolean = false

  constructor(options: { readonly logger: Logger; readonly metrics: CertificateMetrics }) {
    this.#logger = options.logger
    this.#metrics = options.metrics
  }

  /** Why it does not go on now, as one line; undefined while all is well. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** This replica changed the Secret, which said `before`. */
  changed(change: SecretChange, before: CertificateSecret, { current, next }: SecretContent): void {
    this.#metrics.certificateAuthorityChanges.inc({ cause: change })
    const authority = (change === 'introduced' ? next : undefined) ?? current
    const fields = {
      authority: authority.fingerprint,
      notAfter: new Date(authority.notAfterMs).toISOString(),
    }
    if (change !== 'replaced') this.#logger.info(fields, CHANGE_MESSAGES[change])
    else this.#logger.warn({ ...fields, problem: describeProblem(before) }, CHANGE_MESSAGES[change])
  }

  /** All that could be settled is settled. */
  settled(secret: CertificateSecret): void {
    if (secret.current.state === 'usable')
      this.#metrics.certificateAuthorityNotAfter.set(secret.current.authority.notAfterMs / 1000)
    if (this.#failure !== undefined)
      this.#logger.info('the Secret and the webhook configuration can be kept again')
    this.#failure = undefined
  }

  /** A look at the objects failed; another one follows. */
  failed(error: unknown): void {
    const failure = describeError(error)
    if (error instanceof CertificateObjectError && error.isConflict) {
      this.#logger.debug({ error: failure }, 'another replica was faster')
      return
    }
    if (failure === this.#failure) return
    this.#failure = failure
    this.#logger.warn({ error: failure }, 'certificates cannot be looked after now; trying again')
  }

  /** The objects of a path cannot be watched; looks at them still tell what changed, only later. */
  watchRefused(path: string, error: unknown): void {
    if (this.#refusedPaths.has(path)) return
    this.#refusedPaths.add(path)
    const remedy = 'grant list and watch of it by name, as deploy/overlays/self-managed/auth.yaml does'
    this.#logger.warn(
      { error: describeError(error), remedy },
      'certificates are looked after without a watch',
    )
  }

  repaired(configurationName: string): void {
    this.#metrics.caBundleRepairs.inc()
    this.#logger.info({ object: configurationName }, 'the caBundle was set to the authorities of the Secret')
  }

  served(pair: ServingPair, authority: string): void {
    const fields = { notAfter: pair.notAfter.toISOString(), serialNumber: pair.serialNumber, authority }
    this.#metrics.certificateNotAfter.set(pair.notAfter.getTime() / 1000)
    if (this.#hasServed) this.#metrics.certificateReloads.inc({ result: 'success' })
    this.#logger.info(fields, this.#hasServed ? 'serving certificate replaced' : 'serving certificate made')
    this.#hasServed = true
  }
}

function describeProblem({ current }: CertificateSecret): string {
  return current.state === 'unusable' ? current.problem : 'there is none'
}
