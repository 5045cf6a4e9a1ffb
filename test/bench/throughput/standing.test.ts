import t from 'tap'
import type { Measurement } from '../../../bench/throughput/contest.ts'
import { summariseContender } from '../../../bench/throughput/standing.ts'

function measurement(
  name: string,
  round: number,
  requestsPerSecond: number,
  p99Milliseconds: number,
): Measurement {
  return {
    name,
    round,
    requestsPerSecond,
    p99Milliseconds,
    p50Milliseconds: 1,
    maxMilliseconds: 9,
    requests: requestsPerSecond,
    seconds: 1,
    badStatuses: 0,
    socketErrors: 0,
    cpuSeconds: 0.5,
  }
}

// The machine halves its speed in the second round: a ratio of medians would say 0.9 by luck only.
const measurements = [
  measurement('bare', 1, 10_000, 2),
  measurement('webhook', 1, 9_000, 3),
  measurement('webhook', 2, 4_000, 6),
  measurement('bare', 2, 5_000, 5),
  measurement('bare', 3, 8_000, 2),
  measurement('webhook', 3, 5_600, 3),
]

t.test('ratios are taken round by round, and their median counts', (t) => {
  const { throughputRatio, p99Ratio, requestsPerSecond } = summariseContender('webhook', 'bare', measurements)
  t.same(throughputRatio, { median: 0.8, least: 0.7, most: 0.9 })
  t.same(p99Ratio, { median: 1.5, least: 1.2, most: 1.5 })
  t.equal(requestsPerSecond, 5_600)
  t.end()
})

t.test('CPU time is per request; that of a server started elsewhere is unknown', (t) => {
  const own = summariseContender('bare', 'bare', measurements)
  t.equal(own.cpuMicroseconds, 62.5)
  t.equal(own.coreShare, 0.5)
  const foreign = measurements.map((one) => ({ ...one, cpuSeconds: undefined }))
  t.equal(summariseContender('bare', 'bare', foreign).cpuMicroseconds, undefined)
  t.end()
})

t.test('bad statuses and broken sockets of every round count as failures', (t) => {
  const failing = measurements.map((one) => ({ ...one, badStatuses: 2, socketErrors: 1 }))
  t.equal(summariseContender('webhook', 'bare', failing).failures, 9)
  t.end()
})
