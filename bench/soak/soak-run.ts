import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openConnections } from '../load/connection-burst.ts'
import { fetchText } from '../load/https-client.ts'
import { type LoadTool, runLoad } from '../load/load.ts'
import { fetchMetrics, readSeries } from '../measures/metrics-page.ts'
import { sampleProcess } from '../measures/process-sample.ts'
import { buildAdmissionReview } from '../reviews/admission-review.ts'
import { CertificateFolder } from '../servers/certificate-folder.ts'
import { type CertificatePair, createCertificates } from '../servers/certificates.ts'
import { type StartedWebhook, startWebhook } from '../servers/contenders.ts'
import type { Cores } from '../servers/pinned-process.ts'
import { EXAMPLES } from '../servers/webhook-command.ts'
import type { SoakRecord, SoakSample } from './soak-verdict.ts'

/** How a soak is run. */
export interface SoakSettings {
  readonly directory: string
  readonly bundlePath: string
  readonly nodeOptions: string
  readonly tool: LoadTool
  readonly cores: Cores
  readonly durationSeconds: number
  readonly burstConnections: number
  readonly loadConnections: number
  readonly report: (line: string) => void
}

const SETTLE_TIMEOUT_MS = 10_000
const MAX_WARM_UP_SECONDS = 30

/** Starts the webhook, opens and closes a burst of connections, then loads it and swaps its certificate every second. */
export async function runSoak(settings: SoakSettings): Promise<SoakRecord> {
  const { directory, cores, report } = settings
  const made = await createCertificates(directory)
  const folder = new CertificateFolder(join(directory, 'mounted'), made.pair)
  const grounds = {
    directory,
    cores,
    nodeOptions: settings.nodeOptions,
    certificates: { ...made, pair: folder.pair },
  }
  const webhook = await startWebhook(grounds, {
    name: 'webhook',
    bundlePath: settings.bundlePath,
    source: EXAMPLES,
  })
  await using _ = webhook.process
  const readyUrl = new URL('/readyz', webhook.url).href
  const bodyPath = join(directory, 'review.json')
  writeFileSync(bodyPath, JSON.stringify(buildAdmissionReview()))

  const loadOf = (durationSeconds: number) => ({
    url: webhook.url,
    bodyPath,
    connections: settings.loadConnections,
    durationSeconds,
  })
  const warmUpSeconds = Math.min(MAX_WARM_UP_SECONDS, Math.ceil(settings.durationSeconds / 2))
  report(`warm-up, ${warmUpSeconds} s`)
  await runLoad(settings.tool, loadOf(warmUpSeconds), cores)
  const idleStart = await waitForDescriptors(webhook.pid, 0)

  report(`${settings.burstConnections} connections`)
  const connections = await openConnections(readyUrl, made.ca, settings.burstConnections)
  const peakDescriptors = sampleProcess(webhook.pid).fileDescriptors
  connections.close()
  const idleAfterBurst = await waitForDescriptors(webhook.pid, idleStart)

  report(`load and a certificate every second, ${settings.durationSeconds} s`)
  const load = runLoad(settings.tool, loadOf(settings.durationSeconds), cores)
  const watch = watchReloads(webhook, settings, {
    readyUrl,
    ca: made.ca,
    folder,
    pairs: [made.otherPair, made.pair],
  })
  const [loaded, watched] = await Promise.all([load, watch])
  const idleEnd = await waitForDescriptors(webhook.pid, idleStart)
  const metrics = await fetchMetrics(webhook.metricsUrl)

  return {
    samples: watched.samples,
    idleDescriptors: { start: idleStart, afterBurst: idleAfterBurst, end: idleEnd },
    burst: { connections: settings.burstConnections, failures: connections.failures, peakDescriptors },
    load: { requests: loaded.requests, failures: loaded.badStatuses + loaded.socketErrors },
    freshConnections: watched.freshConnections,
    reloads: {
      swaps: watched.swaps,
      successes: readSeries(metrics, 'pod_identity_webhook_certificate_reloads_total{result="success"}'),
      refusals: readSeries(metrics, 'pod_identity_webhook_certificate_reloads_total{result="failure"}'),
    },
  }
}

/** Once a second until the load ends: asks over a fresh connection, swaps the certificate, and takes a sample. */
async function watchReloads(
  webhook: StartedWebhook,
  settings: SoakSettings,
  target: {
    readonly readyUrl: string
    readonly ca: string
    readonly folder: CertificateFolder
    readonly pairs: readonly CertificatePair[]
  },
) {
  const { durationSeconds, report } = settings
  const secondsBetweenSamples = Math.min(5, Math.ceil(durationSeconds / 60))
  const fingerprints = target.pairs.map(
    ({ certPath }) => new X509Certificate(readFileSync(certPath)).fingerprint256,
  )
  const samples: SoakSample[] = []
  let swaps = 0
  let failures = 0
  let staleAnswers = 0
  const startMs = performance.now()
  for (let second = 1; second < durationSeconds; second++) {
    await delay(Math.max(0, startMs + second * 1000 - performance.now()))
    const answer = await fetchText(target.readyUrl, { ca: target.ca }).catch(() => undefined)
    if (answer?.statusCode !== 200) failures++
    else if (swaps > 0 && answer.fingerprint !== fingerprints[(swaps - 1) % fingerprints.length])
      staleAnswers++
    const next = target.pairs[swaps % target.pairs.length]
    if (next !== undefined) target.folder.swap(next)
    swaps++
    if (second % secondsBetweenSamples !== 0) continue
    const sample = await takeSample(webhook, second)
    samples.push(sample)
    if (second % 30 === 0)
      report(`${second} s: ${sample.rssMegabytes.toFixed(0)} MB, ${sample.fileDescriptors} open files`)
  }
  return { samples, swaps, freshConnections: { count: durationSeconds - 1, failures, staleAnswers } }
}

async function takeSample(webhook: StartedWebhook, seconds: number): Promise<SoakSample> {
  const { rssMegabytes, fileDescriptors } = sampleProcess(webhook.pid)
  const page = await fetchMetrics(webhook.metricsUrl)
  const heapMegabytes = readSeries(page, 'nodejs_heap_size_used_bytes') / 1e6
  return { seconds, rssMegabytes, fileDescriptors, heapMegabytes }
}

/** Waits until no more than so many files are open, or for ten seconds, or (`limit` 0) until two looks agree. */
async function waitForDescriptors(pid: number, limit: number): Promise<number> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS
  let previous = Number.NaN
  while (Date.now() < deadline) {
    const { fileDescriptors } = sampleProcess(pid)
    if (fileDescriptors <= limit || (limit === 0 && fileDescriptors === previous)) return fileDescriptors
    previous = fileDescriptors
    await delay(200)
  }
  return sampleProcess(pid).fileDescriptors
}
