/** Runs one load (the JSON of `Load` in its first argument) with autocannon and prints a `LoadResult`. */
import { readFileSync } from 'node:fs'
import { createHistogram } from 'node:perf_hooks'
import autocannon from 'autocannon'
import type { Load, LoadResult } from './load.ts'

const load: Load = JSON.parse(process.argv[2] ?? '')

// autocannon's own histogram has whole milliseconds, too coarse for a p99 of two or three.
const latencyMicroseconds = createHistogram()
const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>()
const run = autocannon(
  {
    url: load.url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: readFileSync(load.bodyPath),
    connections: load.connections,
    duration: load.durationSeconds,
    timeout: 10,
  },
  (error: unknown, outcome) => (error ? reject(error) : resolve(outcome)),
)
run.on('response', (_client, _statusCode, _bytes, milliseconds) => {
  latencyMicroseconds.record(Math.max(1, Math.round(milliseconds * 1000)))
})
const outcome = await promise
// autocannon connects anew without a word when a server closes a connection instead of answering. Each connection
// has at most one request under way at the end.
const lostRequests = Math.max(0, outcome.requests.sent - outcome.requests.total - load.connections)

const result: LoadResult = {
  requests: outcome.requests.total,
  seconds: outcome.duration,
  p50Milliseconds: latencyMicroseconds.percentile(50) / 1000,
  p99Milliseconds: latencyMicroseconds.percentile(99) / 1000,
  maxMilliseconds: latencyMicroseconds.max / 1000,
  badStatuses: outcome.non2xx,
  socketErrors: Math.max(outcome.errors + outcome.resets, lostRequests),
}
console.log(JSON.stringify(result))
