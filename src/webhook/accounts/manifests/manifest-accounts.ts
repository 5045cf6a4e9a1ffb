import type { Logger } from '../../../telemetry/logger.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import { createTally, type Tally } from '../../../telemetry/tally.ts'
import type { FileContents } from '../../files/file-contents.ts'
import { WatchedFiles } from '../../files/watched-files.ts'
import { type Account, NO_ANNOTATIONS } from '../../identity/account.ts'
import { NO_MAPPINGS } from '../account-mapping.ts'
import type { Accounts } from '../accounts.ts'
import type { ContainerCredentials } from '../container-credentials-file.ts'
import { ManifestError } from './manifest-documents.ts'
import {
  collectManifests,
  MANIFEST_SUFFIXES,
  type ManifestOptions,
  type Manifests,
  parseManifestFiles,
} from './manifest-files.ts'

const NO_MANIFESTS: Manifests = {
  accounts: new Map(),
  mappings: NO_MAPPINGS,
  badEntries: [],
  mappingsProblem: undefined,
  notices: [],
}

/**
 * ServiceAccounts and the ConfigMap from files of `--manifests`, read again when they change.
 *
 * Manifests that cannot be used end the start; later the last good ones stay, and the log and a metric say so.
 */
export class ManifestAccounts implements Accounts {
  readonly #options: ManifestOptions & {
    readonly containerCredentials: ContainerCredentials
    readonly logger: Logger
    readonly metrics: Metrics
  }
  readonly #files: WatchedFiles
  readonly #countLookup: Tally
  #manifests: Manifests | undefined
  #startProblem: ManifestError | undefined

  constructor(
    options: ManifestOptions & {
      /** Files, or folders of files that end in `MANIFEST_SUFFIXES`. */
      readonly paths: readonly string[]
      readonly containerCredentials: ContainerCredentials
      readonly logger: Logger
      readonly metrics: Metrics
      readonly pollIntervalMs?: number
    },
  ) {
    this.#options = options
    this.#countLookup = createTally(options.metrics.accountLookups, { result: 'memory' })
    this.#files = new WatchedFiles({
      paths: options.paths,
      suffixes: MANIFEST_SUFFIXES,
      ...(options.pollIntervalMs === undefined ? {} : { pollIntervalMs: options.pollIntervalMs }),
      onChange: (files) => this.#load(files),
    })
  }

  find(namespace: string, name: string): Account {
    this.#countLookup()
    const { accounts, mappings } = this.#manifests ?? NO_MANIFESTS
    const annotations = accounts.get(`${namespace}/${name}`)
    const mapping = mappings.find(namespace, name)
    const hasContainerCredentials = this.#options.containerCredentials.hasContainerCredentials(
      namespace,
      name,
    )
    return annotations === undefined
      ? { state: 'absent', mapping, hasContainerCredentials }
      : { state: 'known', annotations, mapping, hasContainerCredentials }
  }

  pendingReasons(): readonly string[] {
    return this.#manifests === undefined ? ['the manifests have not been read'] : []
  }

  /** @throws {ManifestError} as a rejection, where the manifests cannot be used: `file:line: what` */
  async start(): Promise<void> {
    await this.#files.start()
    if (this.#startProblem === undefined) return
    await this.#files.close()
    throw this.#startProblem
  }

  /** Reads the manifests now. Never rejects. */
  check(): Promise<void> {
    return this.#files.check()
  }

  describe(): unknown {
    const { accounts, mappings } = this.#manifests ?? NO_MANIFESTS
    return {
      source: 'manifests',
      accounts: Object.fromEntries(accounts),
      mappings: Object.fromEntries(mappings),
    }
  }

  close(): Promise<void> {
    return this.#files.close()
  }

  #load(files: readonly FileContents[]): void {
    const { logger, metrics } = this.#options
    try {
      this.#accept(collectManifests(parseManifestFiles(files), this.#options))
      metrics.configReloads.inc({ source: 'manifests', result: 'success' })
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error
      metrics.configReloads.inc({ source: 'manifests', result: 'failure' })
      if (this.#manifests === undefined) this.#startProblem = error
      else
        logger.error(
          { problem: error.message },
          'the manifests cannot be used; what they held before stays in force',
        )
    }
  }

  #accept(manifests: Manifests): void {
    const { logger, metrics, isConfigMapWatched } = this.#options
    const { accounts, mappingsProblem, badEntries, notices } = manifests
    const mappings =
      mappingsProblem === undefined ? manifests.mappings : (this.#manifests?.mappings ?? NO_MAPPINGS)
    this.#manifests = { ...manifests, mappings }
    for (const notice of notices) logger.warn({ notice }, 'the manifests are read, with a remark')
    for (const problem of badEntries) logger.error({ problem }, 'an entry of the ConfigMap is left out')
    if (mappingsProblem !== undefined)
      logger.error(
        { problem: mappingsProblem },
        'the ConfigMap cannot be used; what it held before stays in force',
      )
    if (isConfigMapWatched) {
      const result = mappingsProblem === undefined ? 'success' : 'failure'
      metrics.configReloads.inc({ source: 'config_map', result })
      if (result === 'success') metrics.configBadEntries.set({ source: 'config_map' }, badEntries.length)
    }
    const annotatedCount = [...accounts.values()].filter(
      (annotations) => annotations !== NO_ANNOTATIONS,
    ).length
    metrics.cachedAccounts.set({ annotated: 'true' }, annotatedCount)
    metrics.cachedAccounts.set({ annotated: 'false' }, accounts.size - annotatedCount)
    logger.info({ accounts: accounts.size, mappings: mappings.size }, 'manifests read')
  }
}
