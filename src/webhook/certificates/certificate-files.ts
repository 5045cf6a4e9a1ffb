import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { FileContents } from '../files/file-contents.ts'
import { WatchedFiles } from '../files/watched-files.ts'
import type { ServingCertificate, UsePair } from './serving-certificate.ts'
import { readServingPair, type ServingPair } from './serving-pair.ts'

/** Where the serving certificate is, and who hears of a new one. */
export interface CertificateFilesOptions {
  readonly certificatePath: string
  readonly privateKeyPath: string
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'certificateNotAfter' | 'certificateReloads'>
  readonly now: () => Date
  /** Gets the first good pair and each that differs from the one before. */
  readonly onChange: UsePair
  readonly pollIntervalMs?: number
}

/** The longest that a timer of Node takes; beyond it the timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * The serving certificate, kept current from two files.
 *
 * A pair that cannot be served never replaces a good one and is reported once. Files written one after the other
 * heal by themselves, since every change is looked at, and a pair that is not valid yet is taken when it is.
 */
export class CertificateFiles implements ServingCertificate {
  readonly #options: CertificateFilesOptions
  readonly #files: WatchedFiles
  #contents: readonly FileContents[] = []
  #pair: ServingPair | undefined
  #problem = 'the serving certificate is not read yet'
  #validityTimer: NodeJS.Timeout | undefined

  constructor(options: CertificateFilesOptions) {
    this.#options = options
    this.#files = new WatchedFiles({
      paths: [options.certificatePath, options.privateKeyPath],
      ...(options.pollIntervalMs === undefined ? {} : { pollIntervalMs: options.pollIntervalMs }),
      onChange: (contents) => {
        this.#contents = contents
        this.#consider()
      },
    })
  }

  /** Looks for the first time, then keeps looking. Resolves also where there is no good pair yet. */
  start(): Promise<void> {
    return this.#files.start()
  }

  /** Reads the files now; resolves when a new pair is taken or refused. Never rejects. */
  check(): Promise<void> {
    return this.#files.check()
  }

  /** Why no valid certificate is served, a line each; empty while one is. */
  pendingReasons(): readonly string[] {
    if (this.#pair === undefined) return [this.#problem]
    const { notAfter } = this.#pair
    if (notAfter > this.#options.now()) return []
    return [`the serving certificate expired at ${notAfter.toISOString()}`, this.#problem].filter(Boolean)
  }

  /** Stops looking. */
  close(): Promise<void> {
    clearTimeout(this.#validityTimer)
    return this.#files.close()
  }

  #consider(): void {
    clearTimeout(this.#validityTimer)
    const unread = this.#contents.find((file) => file.state !== 'read')
    if (unread !== undefined) {
      this.#refuse(`${unread.path}: ${unread.state === 'absent' ? 'there is no such file' : unread.cause}`)
      return
    }
    const [certificatePem = '', privateKeyPem = ''] = this.#contents.map(readText)
    if (certificatePem === this.#pair?.certificatePem && privateKeyPem === this.#pair.privateKeyPem) {
      this.#problem = ''
      return
    }
    const nowTime = this.#options.now()
    const reading = readServingPair(certificatePem, privateKeyPem, nowTime)
    if (reading.isUsable) {
      this.#take(reading.pair)
      return
    }
    this.#refuse(`${this.#options.certificatePath}: ${reading.problem}`)
    if (reading.notBefore === undefined) return
    const delayMs = Math.min(reading.notBefore.getTime() - nowTime.getTime(), MAX_TIMER_MS)
    this.#validityTimer = setTimeout(() => this.#consider(), delayMs).unref()
  }

  #take(pair: ServingPair): void {
    const { logger, metrics, onChange } = this.#options
    onChange(pair)
    const fields = { notAfter: pair.notAfter.toISOString(), serialNumber: pair.serialNumber }
    if (this.#pair === undefined) {
      logger.info(fields, 'serving certificate loaded')
    } else {
      metrics.certificateReloads.inc({ result: 'success' })
      logger.info(fields, 'serving certificate replaced')
    }
    this.#pair = pair
    this.#problem = ''
    metrics.certificateNotAfter.set(pair.notAfter.getTime() / 1000)
  }

  #refuse(problem: string): void {
    this.#problem = problem
    const { logger, metrics } = this.#options
    metrics.certificateReloads.inc({ result: 'failure' })
    const consequence =
      this.#pair === undefined
        ? 'no serving certificate yet: not ready until there is a good pair'
        : 'new serving certificate refused: the last good one stays'
    logger.error({ problem }, consequence)
  }
}

function readText(file: FileContents): string {
  return file.state === 'read' ? file.bytes.toString('utf8') : ''
}
