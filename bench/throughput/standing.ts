import { findMedian } from '../measures/statistics.ts'
import type { Measurement } from './contest.ts'

/** A server's rounds in a line of the table. */
export interface Standing {
  readonly name: string
  readonly requestsPerSecond: number
  readonly p50Milliseconds: number
  readonly p99Milliseconds: number
  /** Server CPU time of one request, which the load's core and a noisy neighbour change least. */
  readonly cpuMicroseconds: number | undefined
  /** How much of its core the server used: well under 1 means that the load tool was the limit. */
  readonly coreShare: number | undefined
  readonly throughputRatio: Spread
  readonly p99Ratio: Spread
  /** Answers that were not 2xx, and broken sockets. */
  readonly failures: number
}

/** Ratios to the first server, round by round. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Sums up the rounds of one server against those of the first one; every number is a median over rounds. */
export function summariseContender(
  name: string,
  yardstickName: string,
  measurements: readonly Measurement[],
): Standing {
  const own = measurements.filter((measurement) => measurement.name === name)
  const yardstick = measurements.filter((measurement) => measurement.name === yardstickName)
  function compare(read: (measurement: Measurement) => number): Spread {
    const ratios = own.flatMap((measurement) => {
      const opposite = yardstick.find(({ round }) => round === measurement.round)
      return opposite === undefined ? [] : [read(measurement) / read(opposite)]
    })
    return { median: findMedian(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
  }
  const cpuTimes = own.flatMap(({ cpuSeconds, requests, seconds }) =>
    cpuSeconds === undefined
      ? []
      : [{ perRequest: (cpuSeconds / requests) * 1e6, share: cpuSeconds / seconds }],
  )
  return {
    name,
    requestsPerSecond: findMedian(own.map((measurement) => measurement.requestsPerSecond)),
    p50Milliseconds: findMedian(own.map((measurement) => measurement.p50Milliseconds)),
    p99Milliseconds: findMedian(own.map((measurement) => measurement.p99Milliseconds)),
    cpuMicroseconds: cpuTimes.length === 0 ? undefined : findMedian(cpuTimes.map((time) => time.perRequest)),
    coreShare: cpuTimes.length === 0 ? undefined : findMedian(cpuTimes.map((time) => time.share)),
    throughputRatio: compare((measurement) => measurement.requestsPerSecond),
    p99Ratio: compare((measurement) => measurement.p99Milliseconds),
    failures: own.reduce((sum, { badStatuses, socketErrors }) => sum + badStatuses + socketErrors, 0),
  }
}
