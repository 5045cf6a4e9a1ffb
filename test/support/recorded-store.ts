import { EventEmitter, once } from 'node:events'
import type { ApiObject } from '../../src/kubernetes/api-object.ts'
import type {
  ReflectedStore,
  ReflectorObserver,
  Replacement,
  RestartCause,
} from '../../src/kubernetes/reflected-resource.ts'

/** A store that keeps what a reflector tells it, and an observer that writes down how it went. */
export class RecordedStore implements ReflectedStore, ReflectorObserver {
  objects = new Map<string, ApiObject>()
  resourceVersion = ''
  replacementCount = 0
  isConnected = false
  readonly causes: RestartCause[] = []
  readonly errors: string[] = []
  readonly changedNames: string[] = []
  readonly #events = new EventEmitter()

  /** Resolves once `isSo`, which is asked again after every word of the reflector. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await once(this.#events, 'word')
  }

  get names(): readonly string[] {
    return [...this.objects.keys()].sort()
  }

  beginReplacement(): Replacement {
    const objects = new Map<string, ApiObject>()
    return {
      add: (page) => {
        for (const object of page) objects.set(object.metadata.name, object)
      },
      commit: (resourceVersion) => {
        this.objects = objects
        this.replacementCount++
        this.advance(resourceVersion)
      },
    }
  }

  upsert(object: ApiObject): void {
    this.objects.set(object.metadata.name, object)
  }

  remove(object: ApiObject): void {
    this.objects.delete(object.metadata.name)
  }

  advance(resourceVersion: string): void {
    this.resourceVersion = resourceVersion
    this.#events.emit('word')
  }

  connected(): void {
    this.isConnected = true
    this.#events.emit('word')
  }

  disconnected(): void {
    this.isConnected = false
    this.#events.emit('word')
  }

  heard(): void {}

  changed(object: ApiObject): void {
    this.changedNames.push(object.metadata.name)
  }

  restarted(cause: RestartCause, error?: unknown): void {
    this.causes.push(cause)
    if (error !== undefined) this.errors.push(error instanceof Error ? error.message : String(error))
    this.#events.emit('word')
  }
}
