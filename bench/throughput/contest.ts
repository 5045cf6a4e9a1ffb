import { type LoadResult, type LoadTool, runLoad } from '../load/load.ts'
import { sampleProcess } from '../measures/process-sample.ts'
import type { Cores } from '../servers/pinned-process.ts'

/** A server that takes part; the first of them is the one that the others are measured against. */
export interface Contender {
  readonly name: string
  readonly url: string
  /** Absent for a server that this program did not start: its CPU time and memory stay unknown. */
  readonly pid: number | undefined
}

/** One server's load of one round. */
export interface Measurement extends LoadResult {
  readonly name: string
  readonly round: number
  readonly requestsPerSecond: number
  readonly cpuSeconds: number | undefined
}

/** How the rounds are run. */
export interface ContestSettings {
  readonly tool: LoadTool
  readonly bodyPath: string
  readonly connections: number
  readonly rounds: number
  readonly roundSeconds: number
  readonly warmUpSeconds: number
  readonly cores: Cores
  readonly report: (line: string) => void
}

/**
 * Loads the servers in turn, round after round, the order turned around each time.
 *
 * A shared machine's speed changes twofold within minutes: only neighbours in time can be compared.
 */
export async function runContest(
  contenders: readonly Contender[],
  settings: ContestSettings,
): Promise<readonly Measurement[]> {
  const { tool, bodyPath, connections, cores } = settings
  for (const { name, url } of contenders) {
    settings.report(`warm-up of ${name}, ${settings.warmUpSeconds} s`)
    await runLoad(tool, { url, bodyPath, connections, durationSeconds: settings.warmUpSeconds }, cores)
  }
  const measurements: Measurement[] = []
  for (let round = 1; round <= settings.rounds; round++) {
    for (const { name, url, pid } of round % 2 === 1 ? contenders : contenders.toReversed()) {
      const cpuBefore = pid === undefined ? undefined : sampleProcess(pid).cpuSeconds
      const load = { url, bodyPath, connections, durationSeconds: settings.roundSeconds }
      const result = await runLoad(tool, load, cores)
      const cpuSeconds =
        pid === undefined || cpuBefore === undefined ? undefined : sampleProcess(pid).cpuSeconds - cpuBefore
      const requestsPerSecond = result.requests / result.seconds
      measurements.push({ ...result, name, round, requestsPerSecond, cpuSeconds })
      const speed = `${requestsPerSecond.toFixed(0)} req/s, p99 ${result.p99Milliseconds.toFixed(2)} ms`
      settings.report(`round ${round}/${settings.rounds} ${name}: ${speed}`)
    }
  }
  return measurements
}
