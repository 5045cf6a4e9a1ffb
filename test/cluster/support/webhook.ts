import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { request as requestHttps } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { CertificateAuthority } from '../../../src/webhook/certificates/certificate-authority.ts'
import { createTestAuthority, issueTestCertificate } from './certificates.ts'
import { type Daemon, type Exit, startDaemon, waitForDaemon } from './daemon.ts'
import { findFreePorts } from './free-port.ts'

/** One line of the webhook's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string }

/** A webhook that runs as a process of its own, as in production, and answers on 127.0.0.1. */
export interface Webhook {
  readonly url: string
  readonly caPem: string
  readonly pid: number
  /** When its process was started, by `performance.now()`. */
  readonly startedAtMs: number
  /** The lines logged so far. */
  readonly lines: readonly LogLine[]
  /** Status and text of `/readyz`; undefined while nothing listens. */
  askReadiness(): Promise<{ readonly status: number; readonly text: string } | undefined>
  /** Posts an AdmissionReview as the API server does. */
  postReview(review: unknown): Promise<{ readonly status: number; readonly text: string }>
  waitUntilReady(): Promise<void>
  /** Resolves once `/readyz` answers, whatever it says. */
  waitUntilListening(): Promise<{ readonly status: number; readonly text: string }>
  /** The metrics as Prometheus reads them. */
  scrapeMetrics(): Promise<string>
  /** SIGTERM, then waits for the end. */
  stop(): Promise<Exit>
}

const READY_TIMEOUT_MS = 30_000
/** Over the shutdown delay and deadline given below. */
const STOP_GRACE_MS = 10_000

/** The bundle, if it was built; else the source. */
export function findWebhookScript(): string {
  const bundle = fileURLToPath(new URL('../../../dist/pod-identity-webhook.mjs', import.meta.url))
  return existsSync(bundle)
    ? bundle
    : fileURLToPath(new URL('../../../src/bin/pod-identity-webhook.ts', import.meta.url))
}

/** Starts `serve` with flags besides those for ports, certificates, log and shutdown; it is not waited for. */
export async function startWebhook(options: {
  readonly folder: string
  readonly flags: readonly string[]
  /** Put before the node command, such as `['taskset', '-c', '0']`. */
  readonly wrapper?: readonly string[]
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[]
  readonly logLevel?: 'debug' | 'info'
}): Promise<Webhook> {
  const [port = 0, metricsPort = 0] = await findFreePorts(2)
  const authority = await createTestAuthority('webhook')
  const { certificatePath, keyPath } = await writeServingCertificate(authority, options.folder, port)
  const lines: LogLine[] = []
  const [command = process.execPath, ...args] = [
    ...(options.wrapper ?? []),
    process.execPath,
    ...(options.nodeOptions ?? []),
    findWebhookScript(),
    'serve',
    '--in-cluster=false',
    `--port=${port}`,
    `--metrics-port=${metricsPort}`,
    `--tls-cert=${certificatePath}`,
    `--tls-key=${keyPath}`,
    `--log-level=${options.logLevel ?? 'debug'}`,
    '--log-format=json',
    '--shutdown-delay=0s',
    '--shutdown-timeout=5s',
    ...options.flags,
  ]
  const startedAtMs = performance.now()
  const daemon = await startDaemon({
    name: 'pod-identity-webhook',
    command,
    args,
    logPath: join(options.folder, `webhook-${port}.log`),
    onLine: (line) => lines.push(parseLine(line)),
  })
  const url = `https://127.0.0.1:${port}`
  const askReadiness = () => send('GET', `${url}/readyz`, authority.certificatePem).catch(() => undefined)
  return {
    url: `${url}/mutate`,
    caPem: authority.certificatePem,
    pid: daemon.pid,
    startedAtMs,
    lines,
    askReadiness,
    postReview: (review) => send('POST', `${url}/mutate`, authority.certificatePem, review),
    waitUntilListening: () => waitForDaemon(daemon, 'listening', askReadiness, READY_TIMEOUT_MS),
    waitUntilReady: () => waitUntilReady(daemon, askReadiness),
    scrapeMetrics: async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text(),
    stop: () => daemon.stop(STOP_GRACE_MS),
  }
}

/** The value of a metric in what `/metrics` says: the sum over the series that have all of these labels. */
export function readMetric(
  metrics: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

async function waitUntilReady(daemon: Daemon, askReadiness: Webhook['askReadiness']): Promise<void> {
  await waitForDaemon(
    daemon,
    'ready',
    async () => ((await askReadiness())?.status === 200 ? true : undefined),
    READY_TIMEOUT_MS,
  )
}

async function writeServingCertificate(authority: CertificateAuthority, folder: string, port: number) {
  const pair = await issueTestCertificate(authority, ['127.0.0.1'])
  const certificatePath = join(folder, `webhook-${port}.crt`)
  const keyPath = join(folder, `webhook-${port}.key`)
  await writeFile(certificatePath, pair.certificatePem)
  await writeFile(keyPath, pair.privateKeyPem, { mode: 0o600 })
  return { certificatePath, keyPath }
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine
  } catch {
    return { level: 'unparsed', msg: line }
  }
}

async function send(method: string, url: string, ca: string, body?: unknown) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly status: number
    readonly text: string
  }>()
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  requestHttps(url, { method, ca, headers, agent: false, timeout: 10_000 }, (response) => {
    text(response).then((answer) => resolve({ status: response.statusCode ?? 0, text: answer }), reject)
  })
    .on('error', reject)
    .on('timeout', function (this: ReturnType<typeof requestHttps>) {
      this.destroy(new Error(`${method} ${url}: no answer within 10 s`))
    })
    .end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}
