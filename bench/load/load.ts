import { spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Cores, spawnPinned, waitForExit } from '../servers/pinned-process.ts'

/** What makes the load: wrk where it is installed, else autocannon, which needs about twice the CPU time. */
export type LoadTool = 'wrk' | 'autocannon'

/** POSTs of one body over keep-alive TLS connections, each connection asking again as soon as it is answered. */
export interface Load {
  readonly url: string
  readonly bodyPath: string
  readonly connections: number
  readonly durationSeconds: number
}

/** What came of a load, as its tool saw it. */
export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly p50Milliseconds: number
  readonly p99Milliseconds: number
  readonly maxMilliseconds: number
  /** Answers with a status that is not 2xx (wrk: 400 or more). */
  readonly badStatuses: number
  /** Connections that were refused or broke, and requests that took over ten seconds. */
  readonly socketErrors: number
}

/** Names the load tool of this machine. */
export function chooseLoadTool(): LoadTool {
  // wrk has no option that exits with 0: `-v` prints the version and fails like `--help`.
  return spawnSync('wrk', ['-v']).error === undefined ? 'wrk' : 'autocannon'
}

/** Loads a server and waits for the result; throws with the tool's own words when the tool fails. */
export async function runLoad(tool: LoadTool, load: Load, cores: Cores): Promise<LoadResult> {
  const [command, ...commandArguments] = tool === 'wrk' ? buildWrkCommand(load) : buildAutocannonCommand(load)
  const child = spawnPinned(cores, 'load', command, commandArguments, { stdio: ['ignore', 'pipe', 'pipe'] })
  if (child.stdout === null || child.stderr === null) throw new Error('the load tool has no output')
  const [output, complaint, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    waitForExit(child),
  ])
  if (exitCode !== 0) throw new Error(`${tool} failed: ${complaint.trim() || output.trim()}`)
  return parseResult(output)
}

type Command = readonly [string, ...string[]]

function buildWrkCommand(load: Load): Command {
  return [
    'wrk',
    ...['--threads', '1', '--connections', String(load.connections)],
    ...['--duration', `${load.durationSeconds}s`, '--timeout', '10s'],
    ...['--script', findBeside('wrk-load.lua'), load.url, '--', load.bodyPath],
  ]
}

function buildAutocannonCommand(load: Load): Command {
  return [process.execPath, findBeside('autocannon-load.ts'), JSON.stringify(load)]
}

function findBeside(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

/** Both tools are made to print the result as JSON, in their last line. */
function parseResult(output: string): LoadResult {
  const result: LoadResult = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '')
  return result
}
