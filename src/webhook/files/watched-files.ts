import { hash } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'
import { type FileContents, readFiles } from './file-contents.ts'

/** How long after a hint the files are read: an editor or a kubelet changes several at once. */
const SETTLE_MS = 100

/**
 * Files, or folders of them, that are read again when they change.
 *
 * What is handed on is what was compared, byte by byte, so no change is lost between the two. The system's notices of
 * changes are only a hint to look at once: they miss what happens behind a symlink and on network file systems, so
 * every `pollIntervalMs` the files are read anyway. Deletion, return and the symlink swap of a mounted ConfigMap are
 * changes like any other.
 */
export class WatchedFiles {
  readonly #paths: readonly string[]
  readonly #suffixes: readonly string[]
  readonly #pollIntervalMs: number
  readonly #onChange: (files: readonly FileContents[]) => void
  #watchers: readonly FSWatcher[] = []
  #poll: NodeJS.Timeout | undefined
  #settling: NodeJS.Timeout | undefined
  #digest: string | undefined
  #lastCheck: Promise<void> = Promise.resolve()
  readonly #closing = new AbortController()

  /**
   * `suffixes` are those of the files that count in a folder; without any, paths name files.
   * `onChange` gets the first reading and every one that differs from the one before; it must not throw.
   */
  constructor(options: {
    readonly paths: readonly string[]
    readonly suffixes?: readonly string[]
    readonly pollIntervalMs?: number
    readonly onChange: (files: readonly FileContents[]) => void
  }) {
    this.#paths = options.paths
    this.#suffixes = options.suffixes ?? []
    this.#pollIntervalMs = options.pollIntervalMs ?? 10_000
    this.#onChange = options.onChange
  }

  /** Reads the files for the first time, and again when they change until `close`. Neither keeps the process alive. */
  async start(): Promise<void> {
    this.#watchFolders()
    this.#poll = setInterval(() => this.#watchAndCheck(), this.#pollIntervalMs).unref()
    await this.check()
  }

  /** Reads the files now; resolves when `onChange` has heard of a change. Never rejects. */
  check(): Promise<void> {
    this.#lastCheck = this.#lastCheck.then(() => this.#readAndCompare())
    return this.#lastCheck
  }

  /** Stops for good; a reading under way is waited for and not handed on. */
  async close(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#poll)
    clearTimeout(this.#settling)
    for (const watcher of this.#watchers) watcher.close()
    await this.#lastCheck
  }

  async #readAndCompare(): Promise<void> {
    if (this.#closing.signal.aborted) return
    const files = await readFiles(this.#paths, this.#suffixes)
    const digest = digestFiles(files)
    if (this.#closing.signal.aborted || digest === this.#digest) return
    this.#digest = digest
    this.#onChange(files)
  }

  #watchAndCheck(): void {
    this.#watchFolders()
    void this.check()
  }

  /** Watches anew each time: the watcher of a folder that was removed hears nothing of the one that takes its place. */
  #watchFolders(): void {
    for (const watcher of this.#watchers) watcher.close()
    const folders = new Set(
      this.#paths.flatMap((path) => (this.#suffixes.length > 0 ? [path, dirname(path)] : [dirname(path)])),
    )
    this.#watchers = [...folders].flatMap((folder) => {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#checkSoon())
        return [watcher.on('error', () => watcher.close())]
      } catch {
        // Not there now, or the system has no watchers left: the poll goes on.
        return []
      }
    })
  }

  #checkSoon(): void {
    if (this.#closing.signal.aborted || this.#settling !== undefined) return
    this.#settling = setTimeout(() => {
      this.#settling = undefined
      this.#watchAndCheck()
    }, SETTLE_MS).unref()
  }
}

function digestFiles(files: readonly FileContents[]): string {
  return JSON.stringify(
    files.map((file) => (file.state === 'read' ? [file.path, hash('sha256', file.bytes)] : file)),
  )
}
