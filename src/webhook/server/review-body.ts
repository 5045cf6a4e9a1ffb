import type { IncomingMessage } from 'node:http'

/** What came of a body. */
export type ReviewBody =
  | { readonly state: 'parsed'; readonly value: unknown }
  | { readonly state: 'not-json' }
  /** The connection ended, or was cut for being slow, before the body did. */
  | { readonly state: 'cut' }

/**
 * Whether a request is a review as API servers send them: JSON, with a length that can be borne.
 *
 * Only these are read here. Whatever is odd about a request is left to the framework, which knows all there is to know of it.
 */
export function isPlainReview({ method, url = '', headers }: IncomingMessage, maxBodyBytes: number): boolean {
  if (method !== 'POST' || !(url === '/mutate' || url.startsWith('/mutate?'))) return false
  const length = Number(headers['content-length'])
  return headers['content-type'] === 'application/json' && length > 0 && length <= maxBodyBytes
}

/** Reads the body of a plain review and parses it; calls `done` once. */
export function readReviewBody(request: IncomingMessage, done: (body: ReviewBody) => void): void {
  const length = Number(request.headers['content-length'])
  let first: Buffer | undefined
  let more: Buffer[] | undefined
  let isDone = false
  const finish = (body: ReviewBody) => {
    if (isDone) return
    isDone = true
    done(body)
  }
  request.on('data', (chunk: Buffer) => {
    if (first === undefined) first = chunk
    else if (more === undefined) more = [first, chunk]
    else more.push(chunk)
  })
  request.on('end', () => finish(parseBody(more === undefined ? first : Buffer.concat(more, length))))
  request.on('error', () => finish({ state: 'cut' }))
}

/** V8's own messages quote the text, so none of them is passed on. */
function parseBody(bytes: Buffer | undefined): ReviewBody {
  try {
    return { state: 'parsed', value: JSON.parse(bytes === undefined ? '' : bytes.toString('utf8')) }
  } catch {
    return { state: 'not-json' }
  }
}
