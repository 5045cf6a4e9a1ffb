import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender } from '../throughput/contest.ts'
import type { BenchCertificates } from './certificates.ts'
import { fetchPatchedAnswer } from './patch-check.ts'
import type { Cores } from './pinned-process.ts'
import { findFreePort, type ServerProcess, startServer } from './server-process.ts'
import { buildWebhookArguments } from './webhook-command.ts'

/** Where the servers live, and how Node is started for each of them. */
export interface Grounds {
  readonly directory: string
  readonly certificates: BenchCertificates
  readonly cores: Cores
  readonly nodeOptions: string
}

/** A server that was started here, and the answer that it gave to the review. */
export interface StartedContender extends Contender {
  readonly pid: number
  readonly process: ServerProcess
  readonly answer: string
}

/** The webhook, and where its metrics are. */
export interface StartedWebhook extends StartedContender {
  readonly metricsUrl: string
}

/** Which bundle is started, as what, and where its ServiceAccounts come from. */
export interface WebhookVariant {
  readonly name: string
  readonly bundlePath: string
  readonly source: readonly string[]
}

/** Starts the production bundle and makes sure that it patches. */
export async function startWebhook(
  grounds: Grounds,
  { name, bundlePath, source }: WebhookVariant,
): Promise<StartedWebhook> {
  const port = await findFreePort()
  const metricsPort = await findFreePort()
  const { pair } = grounds.certificates
  const webhookArguments = buildWebhookArguments({ bundlePath, pair, port, metricsPort, source })
  const started = await startContender(grounds, name, port, webhookArguments)
  return { ...started, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics` }
}

/** Starts a bare server that gives this answer. */
export async function startBareServer(
  grounds: Grounds,
  name: string,
  answer: string,
): Promise<StartedContender> {
  const port = await findFreePort()
  const answerPath = join(grounds.directory, `${name}.json`)
  writeFileSync(answerPath, answer)
  const { certPath, keyPath } = grounds.certificates.pair
  return startContender(grounds, name, port, [
    join(import.meta.dirname, 'bare-server.ts'),
    ...['--port', String(port), '--answer', answerPath],
    ...['--tls-cert', certPath, '--tls-key', keyPath],
  ])
}

async function startContender(
  grounds: Grounds,
  name: string,
  port: number,
  serverArguments: readonly string[],
): Promise<StartedContender> {
  const origin = `https://127.0.0.1:${port}`
  const { ca } = grounds.certificates
  const process = await startServer({
    ...grounds,
    name,
    arguments: serverArguments,
    readyUrl: `${origin}/readyz`,
    ca,
  })
  const url = `${origin}/mutate`
  try {
    return { name, url, pid: process.pid, process, answer: await fetchPatchedAnswer(url, ca) }
  } catch (error) {
    await process.stop()
    throw error
  }
}
