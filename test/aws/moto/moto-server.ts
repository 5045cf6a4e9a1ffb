import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import { listenOnLoopback } from '../../support/loopback-listener.ts'

/** moto's server, and what was asked of it. */
export interface MotoServer {
  readonly url: string
  /** In their order: actions of IAM and STS (`GetRole`), else method and path of S3 (`PUT /bucket?policy`). */
  readonly actions: string[]
  close(): Promise<void>
}

/** Whether an action changes nothing. */
export function isRead(action: string): boolean {
  return /^(?:Get|List|GET |HEAD )/.test(action)
}

/** Starts it, from the folder of a Python environment's programs, behind a listener that notes what is asked. */
export async function startMotoServer(binFolder: string): Promise<MotoServer> {
  const child = spawn(join(binFolder, 'moto_server'), ['-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // As in AWS: without it, every account may do everything with every bucket.
    env: { ...process.env, MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS: 'false' },
  })
  const exited = once(child, 'exit')
  // A test file that runs into its time limit ends without teardown.
  const kill = () => child.kill()
  process.once('exit', kill)
  const motoUrl = await findUrl(child.stderr)
  const actions: string[] = []
  const listener = await listenOnLoopback(async (incoming, response) => {
    const body = await buffer(incoming)
    const { method = 'GET', url = '/', headers } = incoming
    actions.push(new URLSearchParams(body.toString('latin1')).get('Action') ?? `${method} ${url}`)
    const outgoing = request(new URL(url, motoUrl), { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    outgoing.end(body)
  }, undefined)
  return {
    url: listener.url,
    actions,
    async close() {
      await listener.close()
      process.off('exit', kill)
      kill()
      await exited
    },
  }
}

async function findUrl(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [, url] = /Running on (http:\S+)/.exec(line) ?? []
    if (url === undefined) continue
    // Nobody reads the rest; a full pipe would stop the server.
    output.resume()
    return url
  }
  throw new Error('moto_server ended before it listened')
}
