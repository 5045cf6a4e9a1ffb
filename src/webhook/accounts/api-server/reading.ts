import type { ReadPause } from './read-pause.ts'
import type { SharedRead } from './shared-reads.ts'

/**
 * Why a read of the API server gave nothing: no answer in time; refused (429 or 5xx); not even asked, because it asked to
 * be left alone or because too many reads are in flight; anything else.
 */
export type Failure = 'late' | 'refused' | 'paused' | 'busy' | 'failed'

/** What a read brought. */
export type ReadResult<Value> =
  | { readonly state: 'read'; readonly value: Value }
  | { readonly state: Failure; readonly cause: string; readonly retryAfterMs?: number | undefined }

/**
 * A value and where it is from: the API server, asked after the question came; memory, since the API server gave nothing;
 * the store, which was to be believed; or nowhere. `cause` is one line.
 */
export type Reading<Value> =
  | { readonly source: 'api-server' | 'store'; readonly value: Value }
  | { readonly source: 'memory'; readonly value: Value; readonly why: Failure; readonly cause: string }
  | { readonly source: 'none'; readonly why: Failure; readonly cause: string }

/** What `readFresh` works with. */
export interface ReadingOptions<Value> {
  /** Takes a place in a read that begins now or later. */
  readonly join: () => SharedRead<ReadResult<Value>>
  /** What is known without asking; undefined for nothing. */
  readonly remember: () => Value | undefined
  readonly pause: ReadPause
  /** How long the answer may take. */
  readonly boundMs: number
}

/**
 * Reads from the API server and, where that gives nothing within the bound, from memory. Never rejects.
 *
 * During a pause only what memory does not know is asked for: those pods would go without their credentials otherwise.
 */
export async function readFresh<Value>(options: ReadingOptions<Value>): Promise<Reading<Value>> {
  const { join, remember, pause, boundMs } = options
  if (pause.isActive) {
    const value = remember()
    const cause = 'the API server asked to be left alone for now'
    if (value !== undefined) return { source: 'memory', value, why: 'paused', cause }
  }
  const read = join()
  const result = (await within(boundMs, read.value)) ?? giveUp(read, boundMs)
  if (result.state === 'read') return { source: 'api-server', value: result.value }
  if (result.state === 'refused') pause.begin(result.retryAfterMs)
  const { state: why, cause } = result
  const value = remember()
  return value === undefined ? { source: 'none', why, cause } : { source: 'memory', value, why, cause }
}

function giveUp(read: SharedRead<unknown>, boundMs: number) {
  read.leave()
  if (read.isWaitingForTurn())
    return {
      state: 'busy' as const,
      cause: `too many lookups are under way; none was free within ${boundMs} ms`,
    }
  return { state: 'late' as const, cause: `no answer from the API server within ${boundMs} ms` }
}

/** The value, or undefined where it takes longer. */
async function within<Value>(boundMs: number, value: Promise<Value>): Promise<Value | undefined> {
  const { promise: timeIsUp, resolve } = Promise.withResolvers<undefined>()
  // An answer that came while this process had no CPU lies in its socket, which is read before `setImmediate` comes.
  const timer = setTimeout(() => setImmediate(resolve, undefined), boundMs)
  try {
    return await Promise.race([value, timeIsUp])
  } finally {
    clearTimeout(timer)
  }
}
