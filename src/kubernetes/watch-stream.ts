import type { IncomingMessage } from 'node:http'
import { describeError, parseStatus } from './api-error.ts'
import type { ApiObject } from './api-object.ts'

/** One change, or with BOOKMARK the word that all changes up to a resourceVersion have been told. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: ApiObject
}

/** The connection broke, or the stream ended within a line; the events before that stand. */
export class WatchCutError extends Error {
  override readonly name = 'WatchCutError'
}

/** A line of the stream is not a watch event. */
export class WatchEventError extends Error {
  override readonly name = 'WatchEventError'
}

/**
 * The events of a watch's answer, one line of JSON each; ends where the API server ends it in good order.
 *
 * Throws a WatchCutError, a WatchEventError, or the ApiError of an ERROR event. `request` names the watch in messages.
 */
export async function* readWatchEvents(
  response: IncomingMessage,
  request: string,
): AsyncGenerator<WatchEvent, void, void> {
  let pending = ''
  for await (const chunk of readText(response, request)) {
    const lines = (pending + chunk).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield parseEvent(line, request)
  }
  if (pending !== '') throw new WatchCutError(`${request}: the stream ended within an event`)
}

async function* readText(response: IncomingMessage, request: string): AsyncGenerator<string, void, void> {
  response.setEncoding('utf8')
  try {
    yield* response as AsyncIterable<string>
  } catch (error) {
    throw new WatchCutError(`${request}: the connection broke: ${describeError(error)}`)
  }
}

function parseEvent(line: string, request: string): WatchEvent {
  const event = readJson(line)
  if (event?.type === 'ERROR') throw parseStatus(request, event.object)
  if (event === undefined || !isWatchEvent(event)) {
    throw new WatchEventError(`${request}: a line of the stream is not a watch event`)
  }
  return event
}

interface Untyped {
  readonly type?: unknown
  readonly object?: { readonly metadata?: { readonly resourceVersion?: unknown } }
}

const EVENT_TYPES: readonly unknown[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']

function isWatchEvent(event: Untyped): event is WatchEvent {
  return EVENT_TYPES.includes(event.type) && typeof event.object?.metadata?.resourceVersion === 'string'
}

function readJson(line: string): Untyped | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
