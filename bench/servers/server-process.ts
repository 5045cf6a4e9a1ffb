import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fetchText } from '../load/https-client.ts'
import { type Cores, spawnPinned, waitForExit } from './pinned-process.ts'
import { SERVER_ENVIRONMENT } from './webhook-command.ts'

/** How a server is started: `node` with its own options, separated by spaces, and these arguments. */
export interface ServerCommand {
  readonly name: string
  readonly arguments: readonly string[]
  readonly nodeOptions: string
  readonly readyUrl: string
  readonly ca: string
  readonly cores: Cores
  /** A folder for the pipe and the first lines of the log. */
  readonly directory: string
}

/** A server that answers. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number
  /** Ends the server and says how many lines it wrote to its standard output. */
  stop(): Promise<number>
}

const READY_TIMEOUT_MILLISECONDS = 15_000
const STOP_TIMEOUT_MILLISECONDS = 10_000

/**
 * Starts a server and waits until it is ready; throws with its first log lines when it does not become so.
 *
 * Its standard output is a pipe, as under a container runtime, which a process on the core of the load empties.
 * (A pipe that Node makes for a child is a socket, and writing to it costs something else.)
 */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  const pipePath = join(command.directory, `${command.name}.pipe`)
  const firstLinesPath = join(command.directory, `${command.name}.log`)
  execFileSync('mkfifo', [pipePath])
  // Opening one end of a named pipe waits for the other, opening both at once does not.
  const bothEnds = openSync(pipePath, 'r+')
  const readEnd = openSync(pipePath, 'r')
  const writeEnd = openSync(pipePath, 'w')

  const reader = spawnPinned(
    command.cores,
    'load',
    'sh',
    ['-c', 'head -c 8192 >"$0"; wc -l', firstLinesPath],
    {
      stdio: [readEnd, 'pipe', 'inherit'],
    },
  )
  const commandArguments = [...command.nodeOptions.split(' ').filter(Boolean), ...command.arguments]
  const server = spawnPinned(command.cores, 'server', process.execPath, commandArguments, {
    stdio: ['ignore', writeEnd, 'inherit'],
    env: { ...process.env, ...SERVER_ENVIRONMENT },
  })
  for (const descriptor of [bothEnds, readEnd, writeEnd]) closeSync(descriptor)
  const { pid } = server
  if (pid === undefined || reader.stdout === null) throw new Error(`${command.name} could not be started`)

  const laterLines = text(reader.stdout)
  let lineCount: Promise<number> | undefined
  async function endServer(): Promise<number> {
    server.kill('SIGTERM')
    const deadline = setTimeout(() => server.kill('SIGKILL'), STOP_TIMEOUT_MILLISECONDS)
    await waitForExit(server)
    clearTimeout(deadline)
    const firstLines = readFileSync(firstLinesPath, 'utf8').split('\n').length - 1
    return firstLines + Number(await laterLines)
  }
  function stop(): Promise<number> {
    lineCount ??= endServer()
    return lineCount
  }

  const isReady = await waitUntilReady(command, () => server.exitCode !== null)
  if (!isReady) {
    await stop()
    const log = readFileSync(firstLinesPath, 'utf8').trim()
    throw new Error(`${command.name} did not become ready: node ${commandArguments.join(' ')}\n${log}`)
  }
  return {
    pid,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}

async function waitUntilReady(command: ServerCommand, hasExited: () => boolean): Promise<boolean> {
  const deadline = Date.now() + READY_TIMEOUT_MILLISECONDS
  while (Date.now() < deadline && !hasExited()) {
    const answer = await fetchText(command.readyUrl, { ca: command.ca }).catch(() => undefined)
    if (answer?.statusCode === 200) return true
    await delay(50)
  }
  return false
}

/** Finds a TCP port of the loopback interface that nothing listens on. */
export async function findFreePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const probe = createServer()
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address() as AddressInfo
    probe.close(() => resolve(port))
  })
  return promise
}
