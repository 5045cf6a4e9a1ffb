import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { findMedian } from '../measures/statistics.ts'
import { formatTable } from '../measures/table.ts'

/** A command that is timed from start to exit. */
export interface TimedCommand {
  /** Node's, unless there is another program. */
  readonly program?: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** What does nothing, what only asks the server, what is measured, and what of that asks nobody. */
  readonly role: 'empty' | 'bare request' | 'program' | 'offline program'
  /** How many requests it sends, one after the other; 1 where absent. */
  readonly requests?: number
}

/** Times commands in milliseconds, by turns, each `runs` times. Rejects where a program fails. */
export async function timeCommands(
  commands: Readonly<Record<string, TimedCommand>>,
  runs: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const timesMs = new Map(Object.keys(commands).map((name) => [name, [] as number[]]))
  for (let run = 0; run < runs; run++) {
    for (const [name, command] of Object.entries(commands))
      timesMs.get(name)?.push(await timeCommand(command))
  }
  return timesMs
}

async function timeCommand({ program = process.execPath, args, env = {}, stdin, role }: TimedCommand) {
  const startedAt = performance.now()
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
  child.stdout.resume()
  child.stdin.end(stdin ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0 && role !== 'bare request') throw new Error(`a run failed with code ${code}`)
  return performance.now() - startedAt
}

/** The times as a table, and as ratios to the empty process; a program's also without what as many bare requests take. */
export function formatStartTimes(
  commands: Readonly<Record<string, TimedCommand>>,
  timesMs: ReadonlyMap<string, readonly number[]>,
): string {
  const summarise = (role: TimedCommand['role'], requests = 1) => {
    const isWanted = (command: TimedCommand | undefined) =>
      command?.role === role && (command.requests ?? 1) === requests
    const name = Object.keys(commands).find((candidate) => isWanted(commands[candidate])) ?? ''
    return { best: Math.min(...(timesMs.get(name) ?? [])), median: findMedian(timesMs.get(name) ?? []) }
  }
  const empty = summarise('empty')
  const rows = [...timesMs].map(([name, times]) => {
    const best = Math.min(...times)
    const median = findMedian(times)
    const request = summarise('bare request', commands[name]?.requests)
    const isProgram = commands[name]?.role === 'program'
    return [
      name,
      best.toFixed(1),
      median.toFixed(1),
      (median / empty.median).toFixed(2),
      isProgram ? ((best - (request.best - empty.best)) / empty.best).toFixed(2) : '',
      isProgram ? ((median - (request.median - empty.median)) / empty.median).toFixed(2) : '',
    ]
  })
  const heading = [
    'process',
    'best ms',
    'median ms',
    'of empty',
    'network aside, best',
    'network aside, median',
  ]
  return formatTable(heading, rows)
}
