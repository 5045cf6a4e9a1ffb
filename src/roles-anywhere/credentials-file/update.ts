import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Environment } from '../../aws/endpoint.ts'
import { createSession, type SessionOptions, type SessionSurroundings } from '../create-session.ts'
import type { Session } from '../session.ts'
import { replaceFile } from './atomic-file.ts'
import { findRedirections, replaceCredentials } from './profile-text.ts'

export interface UpdateOptions {
  readonly session: SessionOptions
  readonly profile: string
  readonly isOnce: boolean
  /** Whether to go on even where there are no good credentials left. */
  readonly isEndless: boolean
}

/** What updating needs of the process that it runs in. */
export interface UpdateSurroundings extends SessionSurroundings {
  /** Told of new sessions and of failures; no secrets. */
  readonly log: (line: string) => void
  /** Ends updating. */
  readonly stop: AbortSignal
  /** Resolves after `ms`, rejects when `stop` is aborted; real time where absent. */
  readonly wait?: (ms: number, stop: AbortSignal) => Promise<void>
}

const RENEWAL_MARGIN_MS = 300_000
const RETRY_PAUSE_MS = 10_000
/** Timers stand still while a laptop sleeps: the clock is looked at this often. */
const MAX_WAIT_MS = 60_000

/** Where SDKs look for the shared credentials file. */
export function locateCredentialsFile(env: Environment): string {
  return env['AWS_SHARED_CREDENTIALS_FILE'] || join(homedir(), '.aws', 'credentials')
}

/**
 * Keeps a profile of the shared credentials file fresh until `stop`.
 *
 * A failed renewal is tried again while the credentials in the file are good; then, and at the start, it rejects with a
 * RolesAnywhereError, unless `isEndless`.
 */
export async function updateProfile(options: UpdateOptions, surroundings: UpdateSurroundings): Promise<void> {
  const { env, now, log, stop } = surroundings
  const path = locateCredentialsFile(env)
  let written: Session | undefined
  while (!stop.aborted) {
    let nextAt: number
    try {
      const session = await createSession(options.session, surroundings)
      const profile = toLatin1(options.profile)
      let redirections: readonly string[] = []
      const way = await replaceFile(path, (content) => {
        redirections = findRedirections(content, profile)
        return replaceCredentials(content, profile, session)
      })
      if (written === undefined) {
        for (const key of redirections)
          log(
            `warning: profile ${options.profile} of ${path} has ${key}, so SDKs may not use its keys; remove it`,
          )
        if (way === 'in-place')
          log(
            `${path} is written in place: it is mounted, or its folder may not be written, so readers may see half of it`,
          )
      }
      written = session
      nextAt = renewalTimeMs(session)
      log(`profile ${options.profile} of ${path} is good until ${session.expiration}`)
      if (options.isOnce) return
    } catch (error) {
      const isGood = written !== undefined && written.expiresAt > now()
      if (!isGood && !options.isEndless) throw error
      log(
        `cannot renew profile ${options.profile}: ${error instanceof Error ? error.message : String(error)}`,
      )
      nextAt = now().getTime() + RETRY_PAUSE_MS
    }
    await waitUntil(nextAt, surroundings)
  }
}

/** Five minutes before expiry; for what lives under ten minutes, after half of its life. */
function renewalTimeMs({ receivedAt, expiresAt }: Session): number {
  const lifeMs = expiresAt.getTime() - receivedAt.getTime()
  return expiresAt.getTime() - Math.min(RENEWAL_MARGIN_MS, lifeMs / 2)
}

async function waitUntil(
  timeMs: number,
  { now, stop, wait = waitRealTime }: UpdateSurroundings,
): Promise<void> {
  for (
    let leftMs = timeMs - now().getTime();
    leftMs > 0 && !stop.aborted;
    leftMs = timeMs - now().getTime()
  ) {
    await wait(Math.min(leftMs, MAX_WAIT_MS), stop).catch(() => {})
  }
}

async function waitRealTime(ms: number, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stop })
}

/** As the file is read and written: a character for each byte. */
function toLatin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}
