import { identifyKey, type SigningKey } from '../documents/signing-key.ts'

/** When published keys were first found missing from the cluster, in milliseconds since 1970, by {@link identifyKey}. */
export type MissingSince = ReadonlyMap<string, number>

/** A key that is published although it is no longer the cluster's. */
export interface RetiringKey {
  readonly key: SigningKey
  /** Milliseconds since 1970. */
  readonly missingSinceMs: number
  readonly untilMs: number
}

/** What is to be published after a look at the cluster. */
export interface Retirement {
  /** The cluster's keys, then the retiring ones. */
  readonly keys: readonly SigningKey[]
  readonly retiring: readonly RetiringKey[]
  readonly retired: readonly SigningKey[]
}

/**
 * Settles which published keys stay: those of the cluster, and others for `retireAfterMs` from when they were first found
 * missing. Until then tokens that they signed are still about.
 */
export function planRetirement({
  current,
  published,
  missingSince,
  nowMs,
  retireAfterMs,
}: {
  readonly current: readonly SigningKey[]
  readonly published: readonly SigningKey[]
  readonly missingSince: MissingSince
  readonly nowMs: number
  readonly retireAfterMs: number
}): Retirement {
  const currentIds = new Set(current.map(identifyKey))
  const missing = published
    .filter((key) => !currentIds.has(identifyKey(key)))
    .map((key) => {
      // A moment to come was written by a clock that was wrong: it must not keep a key for ever.
      const missingSinceMs = Math.min(missingSince.get(identifyKey(key)) ?? nowMs, nowMs)
      return { key, missingSinceMs, untilMs: missingSinceMs + retireAfterMs }
    })
  const retiring = missing.filter(({ untilMs }) => untilMs > nowMs)
  return {
    keys: [...current, ...retiring.map(({ key }) => key)],
    retiring,
    retired: missing.filter(({ untilMs }) => untilMs <= nowMs).map(({ key }) => key),
  }
}

/** Writes the moments for an object's metadata: `ID=TIME` for each key, a space between. */
export function writeMissingSince(retiring: readonly RetiringKey[]): string {
  return retiring
    .map(({ key, missingSinceMs }) => `${identifyKey(key)}=${new Date(missingSinceMs).toISOString()}`)
    .join(' ')
}

/** Reads what {@link writeMissingSince} wrote; what cannot be read is as if it were not there. */
export function readMissingSince(text: string): MissingSince {
  const moments = text.split(' ').map((part) => {
    const [id = '', time = ''] = part.split('=')
    return [id, Date.parse(time)] as const
  })
  return new Map(moments.filter(([, ms]) => !Number.isNaN(ms)))
}
