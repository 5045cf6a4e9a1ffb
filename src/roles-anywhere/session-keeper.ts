import type { Session } from './session.ts'

/** The clock and the timer of a session keeper. */
export interface KeeperTiming {
  now(): Date
  /** Calls back once after `ms`; the result calls it off. */
  schedule(ms: number, callback: () => void): () => void
}

/** The real ones; they do not keep a process alive. */
export const SYSTEM_KEEPER_TIMING: KeeperTiming = {
  now: () => new Date(),
  schedule(ms, callback) {
    const timer = setTimeout(callback, ms).unref()
    return () => clearTimeout(timer)
  },
}

/** What becomes of attempts to have a session. */
export interface KeeperEvents {
  onSession(session: Session): void
  onFailure(error: unknown): void
}

/** One session for all who ask. */
export interface SessionKeeper {
  /** The session, which is not expired. Rejects as the last attempt did where there is none. */
  get(): Promise<Session>
  /** Ends renewals. */
  close(): void
}

const MIN_RENEWAL_MARGIN_MS = 300_000
const MIN_ATTEMPT_INTERVAL_MS = 1_000
/** Between the failed renewals of a session that is still good. */
const RETRY_INTERVAL_MS = 10_000
/** Node's timers hold 2^31 - 1 ms; sessions last 12 hours at most. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * When a session is to be renewed: when a tenth of its life or 5 minutes is left, whichever is longer, but not before
 * half of it. The SDK for JavaScript asks anew 5 minutes before expiry: an older session would be asked for again at once.
 */
export function renewalTime(since: Date, { expiresAt }: Pick<Session, 'expiresAt'>): Date {
  const lifeMs = expiresAt.getTime() - since.getTime()
  const marginMs = Math.min(Math.max(lifeMs / 10, MIN_RENEWAL_MARGIN_MS), lifeMs / 2)
  return new Date(expiresAt.getTime() - marginMs)
}

/**
 * Makes a keeper, which opens its first session when it is first asked for one.
 *
 * A session is renewed in the background, once for all callers; while it is good, a failed renewal changes nothing.
 * There is at most one attempt a second: who asks in between is answered as the last attempt was.
 */
export function createSessionKeeper(
  openSession: () => Promise<Session>,
  timing: KeeperTiming,
  events: KeeperEvents,
): SessionKeeper {
  let current: { readonly session: Session; readonly renewAt: Date } | undefined
  let attempt: Promise<Session> | undefined
  let lastAttempt: { readonly at: number; readonly failure: unknown } | undefined
  let cancelTimer = () => {}
  let isClosed = false

  const renewAfter = (ms: number) => {
    cancelTimer()
    if (isClosed) return
    cancelTimer = timing.schedule(Math.min(Math.max(ms, MIN_ATTEMPT_INTERVAL_MS), MAX_TIMER_MS), () => {
      renew().catch(() => {})
    })
  }

  const open = async (): Promise<Session> => {
    const startedAt = timing.now()
    try {
      const session = await openSession()
      const renewAt = renewalTime(startedAt, session)
      current = { session, renewAt }
      lastAttempt = { at: startedAt.getTime(), failure: new Error('the last session lasted under a second') }
      renewAfter(renewAt.getTime() - timing.now().getTime())
      events.onSession(session)
      return session
    } catch (error) {
      lastAttempt = { at: startedAt.getTime(), failure: error }
      if (isGood()) renewAfter(RETRY_INTERVAL_MS)
      events.onFailure(error)
      throw error
    } finally {
      attempt = undefined
    }
  }

  const isGood = () => current !== undefined && current.session.expiresAt > timing.now()

  const renew = (): Promise<Session> => {
    if (attempt !== undefined) return attempt
    const sinceMs = lastAttempt === undefined ? Number.NaN : timing.now().getTime() - lastAttempt.at
    if (sinceMs >= 0 && sinceMs < MIN_ATTEMPT_INTERVAL_MS) return Promise.reject(lastAttempt?.failure)
    attempt = open()
    return attempt
  }

  return {
    async get() {
      if (current === undefined || !isGood()) return renew()
      if (timing.now() >= current.renewAt) renew().catch(() => {})
      return current.session
    },
    close() {
      isClosed = true
      cancelTimer()
    },
  }
}
