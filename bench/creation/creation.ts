/**
 * Measures what the webhook costs whoever creates pods: through a real API server, by 1, 8 and 25 clients, and the first
 * reviews after a start; with --service-accounts=1,10,100 what policy, webhook and both cost instead; see bench/README.md.
 *
 * Exits with 1 when a pod came out with another role than it should. A missed aim is shown and is no error.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createApiClient } from '../../test/cluster/support/api-client.ts'
import { type Cluster, openCluster } from '../../test/cluster/support/cluster.ts'
import { startControlPlane } from '../../test/cluster/support/control-plane.ts'
import { findControlPlaneBinaries } from '../../test/cluster/support/control-plane-binaries.ts'
import { findMedian } from '../measures/statistics.ts'
import { formatTable } from '../measures/table.ts'
import { buildAdmissionReview } from '../reviews/admission-review.ts'
import { startApiServerStandIn } from '../servers/api-server.ts'
import { createCertificates } from '../servers/certificates.ts'
import { startBareServer, startWebhook } from '../servers/contenders.ts'
import { claimCores } from '../servers/pinned-process.ts'
import { SERVER_NODE_OPTIONS } from '../servers/webhook-command.ts'
import { formatAccountCounts, measureAccountCounts } from './account-counts.ts'
import { type CreationContender, MAX_CLIENTS, openNone, openOurs, openReference } from './contender.ts'
import { type CreationRound, createPods, type Scenario, timeGets } from './create-pods.ts'
import { type CreationStanding, formatCreation, summariseCreation } from './creation-report.ts'
import { type ColdServer, measureFirstReviews } from './first-reviews.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    pods: { type: 'string', default: '100' },
    clients: { type: 'string', default: '1,8,25' },
    'first-reviews': { type: 'string', default: '200' },
    'reviews-per-second': { type: 'string', default: '5' },
    'service-accounts': { type: 'string' },
    json: { type: 'string' },
  },
})

const scenarios: readonly Scenario[] = values.clients.split(',').flatMap((text) => {
  const clients = Math.min(Number(text), MAX_CLIENTS)
  const shared = { clients, isAccountShared: true }
  return clients === 1 ? [shared] : [shared, { clients, isAccountShared: false }]
})
const REFERENCE_TIMEOUT_MS = 120_000

function report(line: string): void {
  process.stderr.write(`${line}\n`)
}

const { REFERENCE_URL: referenceUrl, REFERENCE_CA: referenceCa } = process.env
const counts = values['service-accounts']
if (counts === undefined) await compareWebhooks()
else await comparePolicies(counts.split(',').map(Number))

async function compareWebhooks(): Promise<void> {
  const standings = await withCluster(measureCreation)
  console.log(formatCreation(standings))
  const firstReviews = await compareFirstReviews()
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ standings, firstReviews }, undefined, 2)}\n`)
}

/** Policy, webhook and both, in namespaces of so many ServiceAccounts. */
async function comparePolicies(counts: readonly number[]): Promise<void> {
  const options = { counts, rounds: Number(values.rounds), pods: Number(values.pods) }
  console.log(formatAccountCounts(await withCluster((cluster) => measureAccountCounts(cluster, options))))
}

async function withCluster<Result>(run: (cluster: Cluster) => Promise<Result>): Promise<Result> {
  const binaries = await findControlPlaneBinaries(process.env, report)
  const controlPlane = await startControlPlane(binaries, { hasControllers: false })
  const cluster = openCluster(controlPlane.connection)
  try {
    return await run(cluster)
  } finally {
    cluster.close()
    await controlPlane.stop()
  }
}

async function measureCreation(cluster: Cluster): Promise<readonly CreationStanding[]> {
  const contenders: CreationContender[] = []
  try {
    for (const open of listContenders(cluster)) contenders.push(await open())
    const results: CreationStanding[] = []
    for (const scenario of scenarios) results.push(...(await runScenario(cluster, contenders, scenario)))
    return results
  } finally {
    for (const contender of contenders) await contender.close()
  }
}

function listContenders(cluster: Cluster): readonly (() => Promise<CreationContender>)[] {
  const ours = [() => openNone(cluster), () => openOurs(cluster, 'cached'), () => openOurs(cluster, 'fresh')]
  if (!referenceUrl) return ours
  if (!referenceCa)
    throw new Error('REFERENCE_URL: give REFERENCE_CA too, a file with the authority of its certificate')
  report(
    `the webhook at ${referenceUrl} is to read ${cluster.connection.adminKubeconfigPath}; waiting for it`,
  )
  const reference = { url: referenceUrl, caPem: readFileSync(referenceCa, 'utf8') }
  return [...ours, () => openReference(cluster, reference, REFERENCE_TIMEOUT_MS)]
}

/** Contenders take turns, round after round, the order turned around each time; the first round only warms up. */
async function runScenario(
  cluster: Cluster,
  contenders: readonly CreationContender[],
  scenario: Scenario,
): Promise<readonly CreationStanding[]> {
  const { apiServerUrl: url, caPem, adminToken: token } = cluster.connection
  const client = createApiClient({ url, caPem, token, maxSockets: scenario.clients })
  const getTimesMs: number[] = []
  const [none] = contenders
  const rounds = new Map<CreationContender, CreationRound[]>(contenders.map((contender) => [contender, []]))
  try {
    for (let round = 0; round <= Number(values.rounds); round++) {
      for (const contender of round % 2 === 1 ? contenders : contenders.toReversed()) {
        const result = await createPods(client, contender, scenario, Number(values.pods))
        if (round > 0) rounds.get(contender)?.push(result)
      }
      if (scenario.clients === 1 && none !== undefined)
        getTimesMs.push(...(await timeGets(client, none, Number(values.pods))))
    }
  } finally {
    client.close()
  }
  const account = scenario.isAccountShared ? 'one ServiceAccount' : 'one each'
  report(`${scenario.clients} at once, ${account}: done`)
  if (getTimesMs.length > 0)
    console.log(`a GET of a ServiceAccount alone: median ${findMedian(getTimesMs).toFixed(2)} ms\n`)
  const [yardstick = []] = rounds.values()
  return contenders.map((contender) =>
    summariseCreation(contender.name, scenario, rounds.get(contender) ?? [], yardstick),
  )
}

async function compareFirstReviews() {
  const count = Number(values['first-reviews'])
  if (count === 0) return []
  const cores = claimCores()
  const directory = mkdtempSync(join(tmpdir(), 'bench-creation-'))
  await using servers = new AsyncDisposableStack()
  servers.defer(() => rmSync(directory, { recursive: true, force: true }))
  const certificates = await createCertificates(directory)
  const grounds = { directory, certificates, cores, nodeOptions: SERVER_NODE_OPTIONS }
  const apiServer = servers.use(await startApiServerStandIn(directory, cores))
  const cold: ColdServer[] = []
  let answer = ''
  for (const mode of ['cached', 'fresh']) {
    const source = ['--kubeconfig', apiServer.kubeconfigPath, '--service-account-lookup', mode]
    const bundlePath = 'dist/pod-identity-webhook.mjs'
    const webhook = await startWebhook(grounds, { name: mode, bundlePath, source })
    servers.use(webhook.process)
    answer = webhook.answer
    cold.push({ name: mode, url: webhook.url, ca: certificates.ca })
  }
  const bare = await startBareServer(grounds, 'bare', answer)
  servers.use(bare.process)
  cold.unshift({ name: 'bare', url: bare.url, ca: certificates.ca })
  if (referenceUrl) cold.push({ name: 'reference', url: referenceUrl, ca: undefined })
  report(`the first ${count} reviews of each, ${values['reviews-per-second']} a second`)
  const results = await measureFirstReviews(cold, {
    body: JSON.stringify(buildAdmissionReview()),
    count,
    perSecond: Number(values['reviews-per-second']),
  })
  const rows = results.map(({ name, medianMs, p99Ms }) => [name, medianMs.toFixed(2), p99Ms.toFixed(2)])
  console.log(`\n${formatTable([`first ${count} reviews`, 'median ms', 'p99 ms'], rows)}`)
  return results
}
