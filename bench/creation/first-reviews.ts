import { Agent } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { fetchText } from '../load/https-client.ts'
import { findMedian, findPercentile } from '../measures/statistics.ts'

/** A server that has just been started. */
export interface ColdServer {
  readonly name: string
  readonly url: string
  /** The authority of its certificate, in PEM; absent for one that is not checked. */
  readonly ca: string | undefined
}

/** How long its first reviews took. */
export interface FirstReviews {
  readonly name: string
  readonly medianMs: number
  readonly p99Ms: number
}

/**
 * Posts the first reviews that servers see in their lives, so many a second to each, over one kept-alive connection, as an
 * API server of a quiet cluster does. The servers are asked in turn, so that they share what the machine does meanwhile.
 */
export async function measureFirstReviews(
  servers: readonly ColdServer[],
  options: { readonly body: string; readonly count: number; readonly perSecond: number },
): Promise<readonly FirstReviews[]> {
  const { body, count, perSecond } = options
  const runs = servers.map((server) => ({
    ...server,
    agent: new Agent({
      keepAlive: true,
      maxSockets: 1,
      ...(server.ca === undefined ? { rejectUnauthorized: false } : { ca: server.ca }),
    }),
    timesMs: [] as number[],
  }))
  const pauseMs = 1000 / perSecond / runs.length
  for (let index = 0; index < count; index++) {
    for (const { name, url, agent, timesMs } of runs) {
      const startedAtMs = performance.now()
      const { statusCode } = await fetchText(url, {
        agent,
        body,
        headers: { 'content-type': 'application/json' },
      })
      timesMs.push(performance.now() - startedAtMs)
      if (statusCode !== 200) throw new Error(`${name} answered ${statusCode}`)
      await delay(pauseMs)
    }
  }
  return runs.map(({ name, agent, timesMs }) => {
    agent.destroy()
    return { name, medianMs: findMedian(timesMs), p99Ms: findPercentile(timesMs, 99) }
  })
}
