import type { Logger } from '../../telemetry/logger.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { FileContents } from '../files/file-contents.ts'
import { WatchedFiles } from '../files/watched-files.ts'

/** Which ServiceAccounts use container credentials. */
export interface ContainerCredentials {
  hasContainerCredentials(namespace: string, name: string): boolean
}

/** What a file of identities holds: keys `namespace/serviceaccount`, and a line for each entry that was left out. */
interface Identities {
  readonly keys: ReadonlySet<string>
  readonly problems: readonly string[]
}

const NO_IDENTITIES: Identities = { keys: new Set(), problems: [] }

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
  #keys: ReadonlySet<string> = NO_IDENTITIES.keys

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
    const identities = readIdentities(contents)
    if (typeof identities === 'string') {
      this.#metrics.configReloads.inc({ source, result: 'failure' })
      this.#logger.error(
        { path: this.#path, problem: identities, identities: this.#keys.size },
        'the container credentials file cannot be used; what it held before stays in force',
      )
      return
    }
    this.#keys = identities.keys
    this.#metrics.configReloads.inc({ source, result: 'success' })
    this.#metrics.configBadEntries.set({ source }, identities.problems.length)
    for (const problem of identities.problems)
      this.#logger.error(
        { path: this.#path, problem },
        'an entry of the container credentials file is left out',
      )
    this.#logger.info({ path: this.#path, identities: this.#keys.size }, 'container credentials file read')
  }
}

/** What the contents list, or in one line why they cannot be used. */
export function readIdentities(contents: FileContents): Identities | string {
  if (contents.state === 'absent') return NO_IDENTITIES
  if (contents.state === 'unreadable') return contents.cause
  const text = contents.bytes.toString('utf8')
  if (text.trim() === '') return NO_IDENTITIES
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return `it is not JSON: ${String((error as Error).message).replace(/\s+/g, ' ')}`
  }
  if (value === null) return NO_IDENTITIES
  if (typeof value !== 'object' || Array.isArray(value))
    return 'it is not a JSON object with a list "identities"'
  const list = 'identities' in value ? (value.identities ?? []) : []
  if (!Array.isArray(list)) return 'its "identities" is not a list'
  return collectIdentities(list)
}

function collectIdentities(list: readonly unknown[]): Identities {
  const keys = new Set<string>()
  const problems: string[] = []
  for (const [index, entry] of list.entries()) {
    const { namespace, serviceAccount } = (entry ?? {}) as { namespace?: unknown; serviceAccount?: unknown }
    if (isName(namespace) && isName(serviceAccount)) keys.add(`${namespace}/${serviceAccount}`)
    else
      problems.push(`identities[${index}] is not an object with the texts "namespace" and "serviceAccount"`)
  }
  return { keys, problems }
}

/** A slash is in no name, and would make one key of two. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('/')
}
