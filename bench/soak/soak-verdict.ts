import { findMedian, fitSlope } from '../measures/statistics.ts'

/** The server under load, at one moment. */
export interface SoakSample {
  /** Since the start of the load. */
  readonly seconds: number
  readonly rssMegabytes: number
  readonly heapMegabytes: number
  readonly fileDescriptors: number
}

/** Everything that a soak counted. */
export interface SoakRecord {
  readonly samples: readonly SoakSample[]
  /** Open files with no client connected: before the burst, after it, and after the load. */
  readonly idleDescriptors: { readonly start: number; readonly afterBurst: number; readonly end: number }
  readonly burst: {
    readonly connections: number
    readonly failures: number
    readonly peakDescriptors: number
  }
  readonly load: { readonly requests: number; readonly failures: number }
  /** Requests, one a second, over connections of their own. */
  readonly freshConnections: {
    readonly count: number
    readonly failures: number
    readonly staleAnswers: number
  }
  readonly reloads: { readonly swaps: number; readonly successes: number; readonly refusals: number }
}

/** One thing that a soak must show. */
export interface Finding {
  readonly isGood: boolean
  readonly subject: string
  readonly detail: string
}

/** A connection that is being closed, or a file that is being read, may be open when one looks. */
const DESCRIPTOR_TOLERANCE = 2

/**
 * A heap that is collected in steps moves RSS by some MB either way; a leak of 1 kB in each of 100,000 requests
 * is 100 MB.
 */
const RSS_GROWTH_TOLERANCE_MB = 8

/** A swap that comes while another is being read is seen together with it. */
const LEAST_RELOADED_SHARE = 0.9

/** Judges whether descriptors and memory stayed flat, every request was answered and every certificate taken. */
export function judgeSoak(record: SoakRecord): readonly Finding[] {
  const { samples, idleDescriptors: idle, burst, load, freshConnections, reloads } = record
  const endSeconds = samples.at(-1)?.seconds ?? 0
  const settled = samples.filter(({ seconds }) => seconds >= endSeconds / 3)
  const [firstDescriptors, lastDescriptors] = compareEnds(settled, (sample) => sample.fileDescriptors)
  const [firstHeap, lastHeap] = compareEnds(settled, (sample) => sample.heapMegabytes)
  const slope = fitSlope(settled.map(({ seconds, rssMegabytes }) => ({ seconds, value: rssMegabytes })))
  const growth = slope * (endSeconds - (settled[0]?.seconds ?? 0))
  const peakRss = Math.max(...samples.map((sample) => sample.rssMegabytes))
  return [
    {
      subject: `${burst.connections} connections opened and closed`,
      isGood:
        burst.failures === 0 &&
        burst.peakDescriptors >= burst.connections &&
        idle.afterBurst - idle.start <= DESCRIPTOR_TOLERANCE,
      detail:
        `${burst.failures} failed, file descriptors ${idle.start}, ${burst.peakDescriptors} while open, ` +
        `${idle.afterBurst} after`,
    },
    {
      subject: 'requests',
      isGood: load.requests > 0 && load.failures === 0,
      detail: `${load.requests} over kept connections, ${load.failures} failed`,
    },
    {
      subject: 'fresh connections',
      isGood: freshConnections.count > 0 && freshConnections.failures === 0,
      detail:
        `${freshConnections.count} requests, ${freshConnections.failures} failed, ` +
        `${freshConnections.staleAnswers} under the certificate before the last`,
    },
    {
      subject: 'certificate reloads',
      isGood: reloads.refusals === 0 && reloads.successes >= reloads.swaps * LEAST_RELOADED_SHARE,
      detail: `${reloads.successes} of ${reloads.swaps} swaps taken, ${reloads.refusals} refused`,
    },
    {
      subject: 'file descriptors',
      isGood:
        Math.abs(lastDescriptors - firstDescriptors) <= DESCRIPTOR_TOLERANCE &&
        idle.end - idle.start <= DESCRIPTOR_TOLERANCE,
      detail: `under load ${firstDescriptors} to ${lastDescriptors}, idle ${idle.start} to ${idle.end}`,
    },
    {
      subject: 'memory',
      isGood: growth <= RSS_GROWTH_TOLERANCE_MB,
      detail:
        `RSS grew ${growth.toFixed(1)} MB over the last two thirds (${(slope * 600).toFixed(1)} MB in ten minutes), ` +
        `peak ${peakRss.toFixed(0)} MB; heap ${firstHeap.toFixed(0)} to ${lastHeap.toFixed(0)} MB`,
    },
  ]
}

/** The medians of the first and the last third. */
function compareEnds(
  samples: readonly SoakSample[],
  read: (sample: SoakSample) => number,
): readonly [number, number] {
  const third = Math.max(1, Math.floor(samples.length / 3))
  return [findMedian(samples.slice(0, third).map(read)), findMedian(samples.slice(-third).map(read))]
}
