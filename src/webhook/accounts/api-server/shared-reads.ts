/** A place in a read that begins, or began, after the place was taken. */
export interface SharedRead<Value> {
  readonly value: Promise<Value>
  /** Whether another had asked for this read already. */
  readonly isShared: boolean
  /** Whether it still waits because too many others are in flight. */
  isWaitingForTurn(): boolean
  /** Gives the place up: a read that nobody waits for is not begun. */
  leave(): void
}

interface Read<Value> {
  readonly key: string
  readonly outcome: PromiseWithResolvers<Value>
  waiterCount: number
}

/**
 * Shares reads as databases share commits, so that no answer is older than its question.
 *
 * For a key there is at most one read in flight and one that waits to begin. Who comes while one is in flight may not use
 * its value, which may have been read before; all who come then join the one that waits. Nobody waits for more than two.
 */
export class SharedReads<Value> {
  readonly #read: (key: string) => Promise<Value>
  readonly #maxInFlight: number
  readonly #inFlight = new Map<string, Read<Value>>()
  /** Not begun yet, for want of a turn or because the one before is in flight. */
  readonly #waiting = new Map<string, Read<Value>>()
  /** Those of them that want nothing but a turn, the oldest first. */
  readonly #queue = new Set<Read<Value>>()

  /** `read` must not reject, and must end: whoever waits behind it has no other bound. */
  constructor(options: { readonly read: (key: string) => Promise<Value>; readonly maxInFlight: number }) {
    this.#read = options.read
    this.#maxInFlight = options.maxInFlight
  }

  /** Takes a place in the first read of `key` that begins from now on. */
  join(key: string): SharedRead<Value> {
    const waiting = this.#waiting.get(key)
    const read = waiting ?? this.#add(key)
    read.waiterCount++
    return {
      value: read.outcome.promise,
      isShared: waiting !== undefined,
      isWaitingForTurn: () => this.#queue.has(read),
      leave: () => {
        read.waiterCount--
      },
    }
  }

  #add(key: string): Read<Value> {
    const read: Read<Value> = { key, outcome: Promise.withResolvers<Value>(), waiterCount: 0 }
    const isKeyFree = !this.#inFlight.has(key)
    if (isKeyFree && this.#inFlight.size < this.#maxInFlight) this.#begin(read)
    else {
      this.#waiting.set(key, read)
      if (isKeyFree) this.#queue.add(read)
    }
    return read
  }

  #begin(read: Read<Value>): void {
    this.#inFlight.set(read.key, read)
    void this.#read(read.key)
      .then(read.outcome.resolve, read.outcome.reject)
      .finally(() => this.#end(read))
  }

  #end({ key }: Read<Value>): void {
    this.#inFlight.delete(key)
    const successor = this.#waiting.get(key)
    if (successor !== undefined) this.#queue.add(successor)
    for (const read of this.#queue) {
      if (this.#inFlight.size >= this.#maxInFlight) return
      this.#queue.delete(read)
      this.#waiting.delete(read.key)
      if (read.waiterCount > 0) this.#begin(read)
    }
  }
}
