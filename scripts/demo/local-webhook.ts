import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { readImageStart } from '../image.ts'

/** A line of the webhook's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string }

/** The production bundle, serving the examples. */
export interface LocalWebhook {
  readonly process: ChildProcessByStdio<null, Readable, null>
  /** The next line whose message is `msg`; rejects when the process ends first. */
  waitForLine(msg: string): Promise<LogLine>
}

/** Starts the bundle with deploy/examples and the development certificates; port 0 is any free one. */
export function startLocalWebhook(options: {
  readonly port: number
  readonly metricsPort: number
  readonly args: readonly string[]
  readonly onLine?: (line: LogLine) => void
}): LocalWebhook {
  const { nodeOptions, env } = readImageStart()
  const child = spawn(
    process.execPath,
    [
      ...nodeOptions,
      'dist/pod-identity-webhook.mjs',
      'serve',
      '--in-cluster=false',
      '--manifests=deploy/examples',
      '--tls-cert=certs/tls.crt',
      '--tls-key=certs/tls.key',
      `--port=${options.port}`,
      `--metrics-port=${options.metricsPort}`,
      '--log-format=json',
      ...options.args,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } },
  )
  const lines: LogLine[] = []
  const waiting: { readonly msg: string; readonly resolve: (line: LogLine) => void }[] = []
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as LogLine
    options.onLine?.(line)
    lines.push(line)
    for (const { msg, resolve } of waiting) if (msg === line.msg) resolve(line)
  })
  return {
    process: child,
    waitForLine(msg) {
      const known = lines.find((line) => line.msg === msg)
      if (known !== undefined) return Promise.resolve(known)
      return new Promise((resolve, reject) => {
        waiting.push({ msg, resolve })
        child.once('exit', (code) =>
          reject(new Error(`the webhook ended with ${code} before it said: ${msg}`)),
        )
      })
    },
  }
}
