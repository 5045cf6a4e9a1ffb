import { findMedian, findPercentile } from '../measures/statistics.ts'
import { formatTable, paint } from '../measures/table.ts'
import type { CreationRound, Scenario } from './create-pods.ts'

/** All rounds of one contender in one scenario. */
export interface CreationStanding {
  readonly name: string
  readonly scenario: Scenario
  readonly podCount: number
  readonly medianMs: number
  readonly p99Ms: number
  /** Median over rounds of the ratio of medians to that of no webhook in the same round. */
  readonly ratio: number
  readonly getsPerPod: number | undefined
}

/** Sums up a contender's rounds beside those of no webhook, in the same order. */
export function summariseCreation(
  name: string,
  scenario: Scenario,
  rounds: readonly CreationRound[],
  yardstick: readonly CreationRound[],
): CreationStanding {
  const timesMs = rounds.flatMap((round) => round.timesMs)
  const medians = rounds.map((round) => findMedian(round.timesMs))
  const ratios = medians.map((median, index) => median / findMedian(yardstick[index]?.timesMs ?? []))
  const gets = rounds.flatMap((round) => (round.gets === undefined ? [] : [round.gets]))
  return {
    name,
    scenario,
    podCount: timesMs.length,
    medianMs: findMedian(medians),
    p99Ms: findPercentile(timesMs, 99),
    ratio: findMedian(ratios),
    getsPerPod: gets.length === 0 ? undefined : gets.reduce((sum, count) => sum + count, 0) / timesMs.length,
  }
}

/** Writes the table and how `fresh` stands to the aims. */
export function formatCreation(standings: readonly CreationStanding[]): string {
  const heading = [
    'clients',
    'ServiceAccounts',
    'webhook',
    'pods',
    'median ms',
    'p99 ms',
    'to none',
    'GETs a pod',
  ]
  const rows = standings.map(({ name, scenario, podCount, medianMs, p99Ms, ratio, getsPerPod }) => [
    String(scenario.clients),
    scenario.isAccountShared ? 'one' : 'one a client',
    name,
    String(podCount),
    medianMs.toFixed(2),
    p99Ms.toFixed(2),
    ratio.toFixed(2),
    getsPerPod?.toFixed(2) ?? '-',
  ])
  return [
    formatTable(heading, rows),
    '',
    ...standings.flatMap((standing) => judge(standing, standings)),
  ].join('\n')
}

/** What is asked of `fresh`; the rest is there to compare with. */
function judge(fresh: CreationStanding, standings: readonly CreationStanding[]): readonly string[] {
  if (fresh.name !== 'fresh') return []
  const { scenario, getsPerPod = Number.NaN } = fresh
  const { clients, isAccountShared } = scenario
  const cached = standings.find((standing) => standing.name === 'cached' && standing.scenario === scenario)
  const where = `${clients} at once, ${isAccountShared ? 'one ServiceAccount' : 'one each'}`
  const aims: string[] = []
  if (cached !== undefined && clients === 1) {
    const addedMs = fresh.medianMs - cached.medianMs
    aims.push(formatAim(addedMs <= 1, `${where}: fresh adds ${addedMs.toFixed(2)} ms to cached, aim 1 ms`))
  }
  if (cached !== undefined && clients === 25) {
    const share = fresh.medianMs / cached.medianMs - 1
    aims.push(
      formatAim(share <= 0.2, `${where}: fresh adds ${(share * 100).toFixed(0)} % to cached, aim 20 %`),
    )
  }
  const most = clients === 25 && isAccountShared ? 0.2 : 1
  aims.push(formatAim(getsPerPod <= most, `${where}: ${getsPerPod.toFixed(2)} GETs a pod, aim ${most}`))
  return aims
}

function formatAim(isMet: boolean, text: string): string {
  return `${isMet ? paint('green', 'met   ') : paint('red', 'missed')} ${text}`
}
