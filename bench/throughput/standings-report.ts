import type { Machine } from '../measures/machine.ts'
import { formatTable, paint } from '../measures/table.ts'
import type { ContestSettings } from './contest.ts'
import type { Spread, Standing } from './standing.ts'

/** What the project aims at, by server; the ratios are to the bare one. */
const AIMS: Readonly<
  Record<
    string,
    { readonly throughputRatio: number; readonly p99Ratio?: number; readonly peakRssMegabytes: number }
  >
> = {
  cached: { throughputRatio: 0.85, p99Ratio: 1.3, peakRssMegabytes: 100 },
  fresh: { throughputRatio: 0.5, peakRssMegabytes: 100 },
}

/** Under this share of its core a server waits for something else, and its ratios say little. */
const SATURATED_CORE_SHARE = 0.9

interface MeasuredStanding extends Standing {
  readonly peakRssMegabytes: number | undefined
}

/** Writes the table, what it was measured with, and how the webhook stands to the aims. */
export function formatStandings(
  standings: readonly MeasuredStanding[],
  circumstances: {
    readonly machine: Machine
    readonly settings: Omit<ContestSettings, 'report' | 'bodyPath'>
    readonly webhookLogLines: number
  },
): string {
  const { machine, settings } = circumstances
  const heading = [
    'server',
    'req/s',
    'ratio',
    'p50 ms',
    'p99 ms',
    'p99 ratio',
    'CPU µs/req',
    'core',
    'peak RSS MB',
    'failed',
  ]
  const rows = standings.map((standing) => [
    standing.name,
    standing.requestsPerSecond.toFixed(0),
    formatSpread(standing.throughputRatio),
    standing.p50Milliseconds.toFixed(2),
    standing.p99Milliseconds.toFixed(2),
    formatSpread(standing.p99Ratio),
    formatOptional(standing.cpuMicroseconds, 1),
    standing.coreShare === undefined ? '-' : `${(standing.coreShare * 100).toFixed(0)} %`,
    formatOptional(standing.peakRssMegabytes, 0),
    standing.failures === 0 ? '0' : paint('red', String(standing.failures)),
  ])
  const place = settings.cores.arePinned
    ? 'servers on one core, load on another'
    : 'not pinned: ratios are rough'
  return [
    formatTable(heading, rows),
    '',
    paint(
      'dim',
      `median of ${settings.rounds} interleaved rounds of ${settings.roundSeconds} s (least to most), ` +
        `${settings.connections} keep-alive TLS connections, ${place}`,
    ),
    paint('dim', `${machine.loadTool}, Node ${machine.node}, ${machine.cores} × ${machine.cpu}`),
    paint('dim', `the webhooks wrote ${circumstances.webhookLogLines} log lines to pipes`),
    ...formatDoubts(standings),
    ...formatAims(standings),
  ].join('\n')
}

/** Warns of servers that did not get a whole core, for want of load or because of other processes. */
function formatDoubts(standings: readonly MeasuredStanding[]): readonly string[] {
  const yardstickMicroseconds = standings[0]?.cpuMicroseconds
  return standings.flatMap(({ name, coreShare, cpuMicroseconds }) => {
    if (coreShare === undefined || coreShare >= SATURATED_CORE_SHARE) return []
    if (cpuMicroseconds === undefined || yardstickMicroseconds === undefined) return []
    const ratio = (yardstickMicroseconds / cpuMicroseconds).toFixed(2)
    const share = `${(coreShare * 100).toFixed(0)} %`
    return [
      paint(
        'yellow',
        `${name} ran ${share} of the time: the load tool or another process was the limit; by CPU time its ratio is ${ratio}`,
      ),
    ]
  })
}

function formatAims(standings: readonly MeasuredStanding[]): readonly string[] {
  return standings.flatMap(({ name, throughputRatio, p99Ratio, peakRssMegabytes = Number.NaN }) => {
    const aims = AIMS[name]
    if (aims === undefined) return []
    const throughput = throughputRatio.median
    return [
      formatAim(
        `throughput of ${name}`,
        throughput >= aims.throughputRatio,
        throughput.toFixed(2),
        `at least ${aims.throughputRatio} of bare`,
      ),
      ...(aims.p99Ratio === undefined
        ? []
        : [
            formatAim(
              `p99 of ${name}`,
              p99Ratio.median <= aims.p99Ratio,
              p99Ratio.median.toFixed(2),
              `at most ${aims.p99Ratio} of bare`,
            ),
          ]),
      formatAim(
        `peak RSS of ${name}`,
        peakRssMegabytes <= aims.peakRssMegabytes,
        `${peakRssMegabytes.toFixed(0)} MB`,
        `at most ${aims.peakRssMegabytes} MB`,
      ),
    ]
  })
}

function formatAim(subject: string, isMet: boolean, value: string, aim: string): string {
  return `${isMet ? paint('green', 'met   ') : paint('red', 'missed')} ${subject} ${value}, aim ${aim}`
}

function formatSpread({ median, least, most }: Spread): string {
  return `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`
}

function formatOptional(value: number | undefined, digits: number): string {
  return value === undefined ? '-' : value.toFixed(digits)
}
