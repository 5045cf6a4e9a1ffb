/**
 * Compares the webhook with a bare `node:https` server that gives the same answer; see bench/README.md.
 *
 * Exits with 1 when an answer was wrong or a request failed. A missed aim is shown and is no error.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chooseLoadTool, type LoadTool } from '../load/load.ts'
import { describeMachine } from '../measures/machine.ts'
import { sampleProcess } from '../measures/process-sample.ts'
import { buildAdmissionReview } from '../reviews/admission-review.ts'
import { startApiServerStandIn } from '../servers/api-server.ts'
import { createCertificates } from '../servers/certificates.ts'
import { type Grounds, startBareServer, startWebhook } from '../servers/contenders.ts'
import { fetchPatchedAnswer } from '../servers/patch-check.ts'
import { claimCores } from '../servers/pinned-process.ts'
import { SERVER_NODE_OPTIONS } from '../servers/webhook-command.ts'
import { type Contender, runContest } from './contest.ts'
import { summariseContender } from './standing.ts'
import { formatStandings } from './standings-report.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '3' },
    'warm-up-seconds': { type: 'string', default: '4' },
    connections: { type: 'string', default: '25' },
    tool: { type: 'string', default: chooseLoadTool() },
    bundle: { type: 'string', default: 'dist/pod-identity-webhook.mjs' },
    'node-options': { type: 'string', default: SERVER_NODE_OPTIONS },
    control: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
const tool: LoadTool = values.tool === 'wrk' ? 'wrk' : 'autocannon'
const cores = claimCores()

function report(line: string): void {
  process.stderr.write(`${line}\n`)
}

async function compareServers(directory: string): Promise<void> {
  const certificates = await createCertificates(directory)
  const grounds: Grounds = { directory, certificates, cores, nodeOptions: values['node-options'] }
  const bodyPath = join(directory, 'review.json')
  writeFileSync(bodyPath, JSON.stringify(buildAdmissionReview()))

  await using servers = new AsyncDisposableStack()
  const apiServer = await startApiServerStandIn(directory, cores)
  servers.use(apiServer)
  const startLookup = async (mode: string) => {
    const source = ['--kubeconfig', apiServer.kubeconfigPath, '--service-account-lookup', mode]
    const webhook = await startWebhook(grounds, { name: mode, bundlePath: values.bundle, source })
    servers.use(webhook.process)
    return webhook
  }
  const cached = await startLookup('cached')
  const fresh = await startLookup('fresh')
  const bare = await startBareServer(grounds, 'bare', cached.answer)
  servers.use(bare.process)
  const contenders: Contender[] = [bare, cached, fresh]
  if (values.control) {
    const control = await startBareServer(grounds, 'bare-again', cached.answer)
    servers.use(control.process)
    contenders.push(control)
  }
  const referenceUrl = process.env['REFERENCE_URL']
  if (referenceUrl) {
    await fetchPatchedAnswer(referenceUrl, undefined)
    contenders.push({ name: 'reference', url: referenceUrl, pid: undefined })
  }

  const settings = {
    tool,
    bodyPath,
    connections: Number(values.connections),
    rounds: Number(values.rounds),
    roundSeconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up-seconds']),
    cores,
    report,
  }
  const measurements = await runContest(contenders, settings)
  const standings = contenders.map(({ name, pid }) => ({
    ...summariseContender(name, bare.name, measurements),
    peakRssMegabytes: pid === undefined ? undefined : sampleProcess(pid).peakRssMegabytes,
  }))
  const webhookLogLines = (await cached.process.stop()) + (await fresh.process.stop())

  const machine = describeMachine(tool)
  process.stdout.write(`${formatStandings(standings, { machine, settings, webhookLogLines })}\n`)
  if (values.json !== undefined) {
    const { report: _, bodyPath: __, ...repeatable } = settings
    const results = { machine, settings: repeatable, standings, webhookLogLines, measurements }
    writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`)
  }
  if (standings.some((standing) => standing.failures > 0)) throw new Error('requests failed: see the table')
}

process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
const directory = mkdtempSync(join(tmpdir(), 'webhook-bench-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
try {
  await compareServers(directory)
} catch (error) {
  report(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
