import type { Metrics } from '../../telemetry/metrics.ts'
import { createTally, type Tally } from '../../telemetry/tally.ts'

/** Counts one response; what a client may make up freely is counted as `other`. */
export type ResponseCounter = (verb: string, path: string, code: number) => void

const KNOWN_VERBS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const KNOWN_PATHS: ReadonlySet<string> = new Set(['/mutate', '/healthz', '/readyz'])

/** Counts into `http_request_count`; each combination of labels is looked up once, not once a request. */
export function createResponseCounter(metric: Metrics['httpRequestCount']): ResponseCounter {
  const tallies = new Map<string, Tally>()
  return (verb, path, code) => {
    const knownVerb = KNOWN_VERBS.has(verb) ? verb : 'other'
    const knownPath = KNOWN_PATHS.has(path) ? path : 'other'
    const key = `${knownVerb} ${knownPath} ${code}`
    let tally = tallies.get(key)
    if (tally === undefined) {
      tally = createTally(metric, { verb: knownVerb, path: knownPath, code: String(code) })
      tallies.set(key, tally)
    }
    tally()
  }
}
