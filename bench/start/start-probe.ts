import { Agent } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { fetchText, type TextAnswer } from '../load/https-client.ts'

/** What clients saw while a webhook started; times count from the start of its process. */
export interface StartObservation {
  readonly listeningMs: number
  readonly readyMs: number
  readonly reviews: ReviewTally
}

/** What became of the reviews that were posted from the opening of the port until shortly after readiness. */
export interface ReviewTally {
  /** Answered with the role. */
  patched: number
  /** Answered with anything else: a pod that would have started without credentials. */
  unpatched: number
  /** Not answered at all: connection errors. */
  failed: number
  /** Of `patched`, those before readiness. */
  patchedBeforeReady: number
}

/** A review, and the role that its patch must have. */
export interface ProbeReview {
  readonly body: string
  readonly roleArn: string
}

const EMPTY_TALLY: Readonly<ReviewTally> = { patched: 0, unpatched: 0, failed: 0, patchedBeforeReady: 0 }

const READY_TIMEOUT_MS = 60_000
const POLL_INTERVAL_MS = 2
/** Reviews go on for so long after readiness, in case something gives way only then. */
const AFTERMATH_MS = 300

/**
 * Watches a webhook from its start on: asks `/readyz` every 2 ms and, where there is `nextReview`, posts reviews one
 * after the other from the moment that the port is open, which costs the webhook some of its start.
 */
export async function observeStart(options: {
  /** By `performance.now()`. */
  readonly startedAtMs: number
  /** `https://127.0.0.1:PORT` */
  readonly origin: string
  readonly ca: string
  readonly nextReview?: () => ProbeReview
}): Promise<StartObservation> {
  const { startedAtMs, origin, ca, nextReview } = options
  const agent = new Agent({ keepAlive: true, ca })
  const elapsedMs = () => performance.now() - startedAtMs
  async function askReadiness(): Promise<number | undefined> {
    if (elapsedMs() > READY_TIMEOUT_MS) throw new Error(`not ready within ${READY_TIMEOUT_MS} ms`)
    const answer = await fetchText(`${origin}/readyz`, { agent, headers: {} }).catch(() => undefined)
    return answer?.statusCode
  }

  const ready = new AbortController()
  const over = new AbortController()
  try {
    let status = await askReadiness()
    for (; status === undefined; status = await askReadiness()) await delay(POLL_INTERVAL_MS)
    const listeningMs = elapsedMs()
    const post = (body: string) =>
      fetchText(`${origin}/mutate`, { agent, headers: { 'content-type': 'application/json' }, body })
    const posting = nextReview
      ? postReviews(post, nextReview, ready.signal, over.signal)
      : Promise.resolve({ ...EMPTY_TALLY })
    for (; status !== 200; status = await askReadiness()) await delay(POLL_INTERVAL_MS)
    const readyMs = elapsedMs()
    ready.abort()
    if (nextReview) await delay(AFTERMATH_MS)
    over.abort()
    return { listeningMs, readyMs, reviews: await posting }
  } finally {
    over.abort()
    agent.destroy()
  }
}

/** One review after the other until `over`. */
async function postReviews(
  post: (body: string) => Promise<TextAnswer>,
  next: () => ProbeReview,
  ready: AbortSignal,
  over: AbortSignal,
): Promise<ReviewTally> {
  const tally = { ...EMPTY_TALLY }
  while (!over.aborted) {
    const { body, roleArn } = next()
    const answer = await post(body).catch(() => undefined)
    if (answer === undefined) tally.failed++
    else if (!readPatch(answer.body).includes(`"${roleArn}"`)) tally.unpatched++
    else {
      tally.patched++
      if (!ready.aborted) tally.patchedBeforeReady++
    }
  }
  return tally
}

function readPatch(answer: string): string {
  try {
    return Buffer.from(JSON.parse(answer).response?.patch ?? '', 'base64').toString('utf8')
  } catch {
    return ''
  }
}
