import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { OutgoingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

/** A line of the webhook's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string }

/** The webhook as a process of its own, from source. */
export interface WebhookProcess {
  readonly child: ChildProcess
  readonly lines: readonly LogLine[]
  /** The first line that fits, past or to come; rejects when the process ends before. */
  waitForLine(matches: (line: LogLine) => boolean): Promise<LogLine>
  /** Resolves with the exit code, and all that was written on stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>
}

/** Starts `pod-identity-webhook` with arguments; the caller kills it. */
export function startWebhookProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): WebhookProcess {
  const child = spawn(process.execPath, ['src/bin/pod-identity-webhook.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], NODE_OPTIONS: '', ...env },
  })
  const lines: LogLine[] = []
  const listeners = new Set<(line: LogLine) => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const parsed = JSON.parse(line) as LogLine
    lines.push(parsed)
    for (const listener of listeners) listener(parsed)
  })
  const errors = text(child.stderr)
  const ended = once(child, 'close').then(async ([code]) => ({ code, errors: await errors }))
  return {
    child,
    lines,
    ended,
    waitForLine(matches) {
      const known = lines.find(matches)
      if (known !== undefined) return Promise.resolve(known)
      return new Promise((resolve, reject) => {
        listeners.add((line) => {
          if (matches(line)) resolve(line)
        })
        void ended.then(({ code, errors }) => reject(new Error(`the webhook ended with ${code}: ${errors}`)))
      })
    },
  }
}

/** Sends one request to a webhook on this machine. */
export async function send(
  target: { readonly port: number; readonly caPath: string },
  options: {
    readonly path: string
    readonly method?: string
    readonly headers?: OutgoingHttpHeaders
    readonly body?: string | Buffer
  },
): Promise<{ readonly statusCode: number; readonly body: string }> {
  const ca = await readFile(target.caPath)
  const { path, method = 'GET', headers = {}, body } = options
  // Like the API server: a client that says `Connection: close` may be cut off before it reads why its body is refused.
  const agent = new Agent({ keepAlive: true, ca })
  return new Promise<{ statusCode: number; body: string }>((resolve, reject) => {
    request({ host: 'localhost', port: target.port, path, method, headers, agent }, (response) => {
      text(response).then((answer) => resolve({ statusCode: response.statusCode ?? 0, body: answer }), reject)
    })
      .on('error', reject)
      .end(body)
  }).finally(() => agent.destroy())
}
