import type { ApiClient } from './api-client.ts'
import type { ReflectedResource } from './reflected-resource.ts'
import type { Timing } from './timing.ts'
import { readWatchEvents, type WatchEvent } from './watch-stream.ts'

const HEAD_TIMEOUT_MS = 30_000
/** 5 to 10 minutes, drawn anew each time, so that the watches of many replicas do not end together (client-go's figures). */
const SHORTEST_WATCH_SECONDS = 300
const WATCH_SPREAD_SECONDS = 300
/** How long past its time a watch may stay open before nobody is thought to be on the other side. */
const SILENCE_MARGIN_MS = 10_000
/** An end this close before the time that was asked for is the ordinary one. */
const TIMEOUT_TOLERANCE_MS = 1_000

/** A watch was still open after the time at which the API server should have ended it. */
export class WatchSilentError extends Error {
  override readonly name = 'WatchSilentError'
}

/**
 * Watches once, from a resourceVersion to the watch's end, and says which end it was.
 *
 * Rejects with what ApiClient and readWatchEvents throw, and with a WatchSilentError.
 */
export async function watchResource(options: {
  readonly client: ApiClient
  readonly resource: ReflectedResource
  readonly resourceVersion: string
  readonly timing: Timing
  readonly signal: AbortSignal
  readonly onConnected: () => void
  readonly onEvent: (event: WatchEvent) => void
}): Promise<'timeout' | 'closed'> {
  const { resource, timing, signal } = options
  const timeoutSeconds = SHORTEST_WATCH_SECONDS + Math.floor(timing.random() * (WATCH_SPREAD_SECONDS + 1))
  const startedAtMs = timing.nowMs()
  const response = await options.client.openStream({
    path: resource.path,
    query: {
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
      ...(resource.fieldSelector !== undefined && { fieldSelector: resource.fieldSelector }),
    },
    accept: resource.accept.watch,
    timeoutMs: HEAD_TIMEOUT_MS,
    signal,
  })
  const request = `watch of ${resource.path}`
  const ended = new AbortController()
  let isSilent = false
  const cut = () => response.destroy()
  signal.addEventListener('abort', cut, { once: true })
  if (signal.aborted) cut()
  timing.wait(timeoutSeconds * 1000 + SILENCE_MARGIN_MS, ended.signal).then(
    () => {
      isSilent = true
      cut()
    },
    () => {},
  )
  try {
    options.onConnected()
    for await (const event of readWatchEvents(response, request)) options.onEvent(event)
  } catch (error) {
    throw isSilent
      ? new WatchSilentError(`${request}: it was still open after its ${timeoutSeconds} s`)
      : error
  } finally {
    ended.abort()
    signal.removeEventListener('abort', cut)
  }
  return timing.nowMs() - startedAtMs >= timeoutSeconds * 1000 - TIMEOUT_TOLERANCE_MS ? 'timeout' : 'closed'
}
