import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { FileContents } from '../files/file-contents.ts'
import { WatchedFiles } from '../files/watched-files.ts'
import { ConfigTextError } from './config-text.ts'
import { type IdentityList, NO_IDENTITIES, parseIdentityList } from './identity-list.ts'

/** Which ServiceAccounts use container credentials. */
export interface ContainerCredentials {
  hasContainerCredentials(namespace: string, name: string): boolean
}

/**
 * The file of `--watch-container-credentials-config`, read again when it changes; absent or empty it lists nobody.
 *
 * Where it cannot be read, or is not what it should be, the last good content stays, and the log and a metric say so.
 */
export class ContainerCredentialsFile implements ContainerCredentials {
  readonly #logger: Logger
  readonly #metrics: Metrics
  readonly #path: string
  readonly #file: WatchedFiles
  #keys: IdentityList = NO_IDENTITIES

  constructor(options: {
    readonly path: string
    readonly logger: Logger
    readonly metrics: Metrics
    readonly pollIntervalMs?: number
  }) {
    this.#path = options.path
    this.#logger = options.logger
    this.#metrics = options.metrics
    this.#file = new WatchedFiles({
      paths: [options.path],
      ...(options.pollIntervalMs === undefined ? {} : { pollIntervalMs: options.pollIntervalMs }),
      onChange: ([contents]) => {
        if (contents !== undefined) this.#load(contents)
      },
    })
  }

  hasContainerCredentials(namespace: string, name: string): boolean {
    return this.#keys.has(`${namespace}/${name}`)
  }

  /** How many ServiceAccounts it lists. */
  get size(): number {
    return this.#keys.size
  }

  /** Reads the file once, whatever is in it, and again when it changes. Never rejects. */
  start(): Promise<void> {
    return this.#file.start()
  }

  /** Reads the file now. Never rejects. */
  check(): Promise<void> {
    return this.#file.check()
  }

  /** Stops reading. */
  close(): Promise<void> {
    return this.#file.close()
  }

  #load(contents: FileContents): void {
    const source = 'container_credentials'
    try {
      const { content, problems } = readIdentities(contents)
      this.#keys = content
      this.#metrics.configReloads.inc({ source, result: 'success' })
      this.#metrics.configBadEntries.set({ source }, problems.length)
      for (const problem of problems)
        this.#logger.error(
          { path: this.#path, problem },
          'an entry of the container credentials file is left out',
        )
      this.#logger.info({ path: this.#path, identities: this.#keys.size }, 'container credentials file read')
    } catch (error) {
      if (!(error instanceof ConfigTextError)) throw error
      this.#metrics.configReloads.inc({ source, result: 'failure' })
      this.#logger.error(
        { path: this.#path, problem: `it ${error.message}`, identities: this.#keys.size },
        'the container credentials file cannot be used; what it held before stays in force',
      )
    }
  }
}

/**
 * What a file lists; one that is not there lists nobody.
 * @throws {ConfigTextError} where it cannot be used
 */
export function readIdentities(contents: FileContents): ReturnType<typeof parseIdentityList> {
  if (contents.state === 'unreadable') throw new ConfigTextError(`cannot be read: ${contents.cause}`)
  return parseIdentityList(contents.state === 'absent' ? '' : contents.bytes.toString('utf8'))
}
