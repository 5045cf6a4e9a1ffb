/**
 * Measures how long the webhook takes from the start of its process to readiness: with manifests, and in front of a
 * real API server with 100,000 ServiceAccounts; see bench/README.md.
 *
 * Exits with 1 when a pod was answered without its role. A missed aim is shown and is no error.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openCluster } from '../../test/cluster/support/cluster.ts'
import { startControlPlane } from '../../test/cluster/support/control-plane.ts'
import { findControlPlaneBinaries } from '../../test/cluster/support/control-plane-binaries.ts'
import { startWebhook } from '../../test/cluster/support/webhook.ts'
import { grantWebhookAccess } from '../../test/cluster/support/webhook-access.ts'
import { sampleProcess } from '../measures/process-sample.ts'
import { findMedian } from '../measures/statistics.ts'
import { formatTable, paint } from '../measures/table.ts'
import { buildAdmissionReview } from '../reviews/admission-review.ts'
import { type Cores, claimCores } from '../servers/pinned-process.ts'
import { SERVER_NODE_OPTIONS } from '../servers/webhook-command.ts'
import { type Population, pickAccountWithRole, writeServiceAccounts } from './service-account-population.ts'
import { observeStart, type ProbeReview, type StartObservation } from './start-probe.ts'

const { values } = parseArgs({
  options: {
    'manifest-starts': { type: 'string', default: '15' },
    'cluster-starts': { type: 'string', default: '5' },
    accounts: { type: 'string', default: '100000' },
  },
})

/** One start: what clients saw, and the memory of the process when it was over. */
interface Start extends StartObservation {
  readonly rssMegabytes: number
  readonly peakRssMegabytes: number
  /** Of the webhook, with the reviews that it answered. */
  readonly cpuSeconds: number
}

/** What the project aims at. */
interface Aim {
  readonly readyMs: number
  readonly rssMegabytes?: number
}

const NAMESPACE = 'eks'
const EXAMPLES_FOLDER = join(import.meta.dirname, '..', '..', 'deploy', 'examples')

const cores = claimCores()
const folder = mkdtempSync(join(tmpdir(), 'bench-start-'))
const rows: string[][] = []
try {
  await measureManifestStarts(Number(values['manifest-starts']))
  await measureClusterStarts(Number(values['cluster-starts']), {
    accounts: Number(values.accounts),
    namespaces: 100,
    oneInHasRole: 10,
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(
  formatTable(
    [
      'start',
      'runs',
      'listening ms',
      'ready ms',
      'fastest',
      'slowest',
      'ready aim',
      'CPU ms',
      'RSS MB',
      'peak RSS',
      'RSS aim',
      'unpatched',
      'patched before ready',
    ],
    rows,
  ),
)

async function measureManifestStarts(count: number): Promise<void> {
  const flags = [`--manifests=${EXAMPLES_FOLDER}`]
  const starts: Start[] = []
  for (let run = 0; run < count; run++) starts.push(await measureStart(flags))
  addRow('manifests', starts, { readyMs: 300 })
}

async function measureClusterStarts(count: number, population: Population): Promise<void> {
  const binaries = await findControlPlaneBinaries(process.env, report)
  const controlPlane = await startControlPlane(binaries, { hasControllers: false })
  const cluster = openCluster(controlPlane.connection)
  try {
    await cluster.createNamespace(NAMESPACE)
    const kubeconfigPath = await grantWebhookAccess(cluster, NAMESPACE)
    report(`writing ${population.accounts} ServiceAccounts`)
    await writeServiceAccounts(controlPlane.connection.etcdUrl, population)
    const flags = [`--kubeconfig=${kubeconfigPath}`, `--namespace=${NAMESPACE}`]
    const name = `${population.accounts} ServiceAccounts`

    // An API server that was just given so many objects takes twice as long for its first list.
    await measureStart(flags)
    const quiet: Start[] = []
    for (let run = 0; run < count; run++) quiet.push(await measureStart(flags))
    addRow(name, quiet, { readyMs: 2000, rssMegabytes: 160 })

    let turn = 0
    const nextReview = () => buildProbeReview(turn++, population)
    const asked: Start[] = []
    for (let run = 0; run < count; run++) asked.push(await measureStart(flags, nextReview))
    addRow(`${name}, asked meanwhile`, asked, { readyMs: 2000, rssMegabytes: 160 })
    if (asked.some(({ reviews }) => reviews.unpatched + reviews.failed > 0)) process.exitCode = 1
  } finally {
    cluster.close()
    await controlPlane.stop()
  }
}

async function measureStart(flags: readonly string[], nextReview?: () => ProbeReview): Promise<Start> {
  const webhook = await startWebhook({
    folder,
    flags,
    wrapper: pinToServerCore(cores),
    nodeOptions: SERVER_NODE_OPTIONS.split(' '),
    logLevel: 'info',
  })
  try {
    const observation = await observeStart({
      startedAtMs: webhook.startedAtMs,
      origin: new URL(webhook.url).origin,
      ca: webhook.caPem,
      ...(nextReview ? { nextReview } : {}),
    })
    const { rssMegabytes, peakRssMegabytes, cpuSeconds } = sampleProcess(webhook.pid)
    report(
      `listening ${observation.listeningMs.toFixed(0)}, ready after ${observation.readyMs.toFixed(0)} ms, CPU ${(cpuSeconds * 1000).toFixed(0)} ms, ${rssMegabytes.toFixed(0)} MB`,
    )
    return { ...observation, rssMegabytes, peakRssMegabytes, cpuSeconds }
  } finally {
    await webhook.stop()
  }
}

function buildProbeReview(turn: number, population: Population): ProbeReview {
  const { namespace, name, roleArn } = pickAccountWithRole(turn, population)
  const review = buildAdmissionReview()
  const spec = { ...review.request.object.spec, serviceAccountName: name }
  const request = { ...review.request, namespace, object: { ...review.request.object, spec } }
  return { body: JSON.stringify({ ...review, request }), roleArn }
}

function addRow(name: string, starts: readonly Start[], aim: Aim): void {
  if (starts.length === 0) return
  const medianOf = (pick: (start: Start) => number) => findMedian(starts.map(pick))
  const sumOf = (pick: (start: Start) => number) => starts.reduce((sum, start) => sum + pick(start), 0)
  const readyTimesMs = starts.map(({ readyMs }) => readyMs)
  const rssMegabytes = medianOf((start) => start.rssMegabytes)
  const withoutRole = sumOf(({ reviews }) => reviews.unpatched + reviews.failed)
  rows.push([
    name,
    String(starts.length),
    medianOf((start) => start.listeningMs).toFixed(0),
    judge(findMedian(readyTimesMs), aim.readyMs),
    Math.min(...readyTimesMs).toFixed(0),
    Math.max(...readyTimesMs).toFixed(0),
    String(aim.readyMs),
    medianOf((start) => start.cpuSeconds * 1000).toFixed(0),
    judge(rssMegabytes, aim.rssMegabytes ?? Number.POSITIVE_INFINITY),
    Math.max(...starts.map((start) => start.peakRssMegabytes)).toFixed(0),
    String(aim.rssMegabytes ?? '-'),
    withoutRole === 0 ? '0' : paint('red', String(withoutRole)),
    String(sumOf(({ reviews }) => reviews.patchedBeforeReady)),
  ])
}

function judge(value: number, atMost: number): string {
  return paint(value <= atMost ? 'green' : 'red', value.toFixed(0))
}

function pinToServerCore(cores: Cores): readonly string[] {
  return cores.arePinned ? ['taskset', '-c', String(cores.server)] : []
}

function report(line: string): void {
  process.stderr.write(`${line}\n`)
}
