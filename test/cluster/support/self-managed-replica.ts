import { mkdtemp } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { reviewOf } from '../../support/admission-review.ts'
import type { Cluster } from './cluster.ts'
import { poll, startDaemon } from './daemon.ts'
import { findFreePorts } from './free-port.ts'
import type { Installation } from './self-managed-installation.ts'
import { findWebhookScript, type LogLine } from './webhook.ts'
import { describePod } from './webhook-registration.ts'

/** A process of the webhook that makes its own certificates. */
export interface Replica {
  readonly port: number
  readonly lines: readonly LogLine[]
}

/** Starts replicas, all at once; they end with the test. */
export async function startReplicas(
  t: Test,
  cluster: Cluster,
  installation: Installation,
  options: { readonly count: number; readonly flags?: readonly string[] },
): Promise<readonly Replica[]> {
  const { count, flags = [] } = options
  const folder = await mkdtemp(join(cluster.connection.workFolder, 'replicas-'))
  const ports = await findFreePorts(count)
  // Each replica ends with this process, whose end it listens for.
  process.setMaxListeners(count + process.getMaxListeners())
  return Promise.all(
    ports.map(async (port) => {
      const lines: LogLine[] = []
      const daemon = await startDaemon({
        name: `replica-${port}`,
        command: process.execPath,
        args: [
          findWebhookScript(),
          'serve',
          `--port=${port}`,
          '--metrics-port=0',
          '--log-level=debug',
          '--log-format=json',
          '--shutdown-delay=0s',
          '--shutdown-timeout=2s',
          ...installation.flags,
          ...flags,
        ],
        logPath: join(folder, `${port}.log`),
        onLine: (line) => lines.push(JSON.parse(line)),
      })
      t.teardown(() => daemon.stop())
      return { port, lines }
    }),
  )
}

/** An answer to one request over a connection of its own, or why there was none. */
export type Answer = { readonly status: number; readonly text: string } | { readonly failure: string }

/** Asks a replica as an API server does: over TLS, trusting exactly `ca`, by the Service's name. */
export async function ask(
  target: { readonly port: number; readonly serverName: string; readonly ca: string },
  path: string,
  body?: string,
): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const { port, serverName: servername, ca } = target
  const method = body === undefined ? 'GET' : 'POST'
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const options = {
    host: '127.0.0.1',
    port,
    servername,
    ca,
    path,
    method,
    headers,
    agent: false,
    timeout: 10_000,
  }
  request(options, (response) => {
    text(response).then(
      (answer) => resolve({ status: response.statusCode ?? 0, text: answer }),
      (error: Error) => resolve({ failure: error.message }),
    )
  })
    .on('timeout', function (this: ReturnType<typeof request>) {
      this.destroy(new Error('no answer within 10 s'))
    })
    .on('error', (error: NodeJS.ErrnoException) => resolve({ failure: error.code ?? error.message }))
    .end(body)
  return promise
}

/** Waits until every replica answers `/readyz` with 200 to who trusts the caBundle. */
export async function waitUntilReady(
  installation: Installation,
  ports: readonly number[],
  timeoutMs = 60_000,
): Promise<boolean> {
  const isReady = async () => {
    const ca = await installation.readTrustedPem()
    if (ca === '') return undefined
    const answers = await Promise.all(
      ports.map((port) => ask({ port, serverName: installation.serverName, ca }, '/readyz')),
    )
    return answers.every((answer) => 'status' in answer && answer.status === 200) || undefined
  }
  return (await poll(isReady, timeoutMs)) ?? false
}

/** How old a caBundle an API server may still go by: half the overlap of the tests. */
const TRUST_LAG_MS = 1_000

/**
 * Posts reviews without a pause to all replicas in turn, each twice: trusting the caBundle as it is at that moment, and as it
 * was up to a second ago, as an API server that lags behind does.
 */
export function postReviews(t: Test, installation: Installation, ports: readonly number[]) {
  const { serverName } = installation
  const stopping = new AbortController()
  const failures: string[] = []
  let count = 0
  const review = JSON.stringify(reviewOf(describePod('app', 'default')))
  const run = async () => {
    let lagging = { ca: await installation.readTrustedPem(), readAtMs: performance.now() }
    for (let turn = 0; !stopping.signal.aborted; turn++) {
      const port = ports[turn % ports.length] ?? 0
      const ca = await installation.readTrustedPem()
      for (const trusted of [ca, lagging.ca]) {
        const answer = await ask({ port, serverName, ca: trusted }, '/mutate', review)
        count++
        if (!('status' in answer) || answer.status !== 200) failures.push(JSON.stringify(answer))
      }
      const nowMs = performance.now()
      if (nowMs - lagging.readAtMs > TRUST_LAG_MS) lagging = { ca, readAtMs: nowMs }
      await setTimeout(5)
    }
  }
  const running = run()
  const stop = async () => {
    stopping.abort()
    await running
    return { count, failures }
  }
  t.teardown(stop)
  /** Waits until that many more have been posted. */
  const waitForMore = (more: number) => {
    const wanted = count + more
    return poll(async () => count >= wanted || undefined, 30_000)
  }
  return { stop, waitForMore }
}
