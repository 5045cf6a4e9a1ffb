/**
 * Measures how long `audit` takes over 20,000 pods and 5,000 ServiceAccounts of a real API server, and its memory; see
 * bench/README.md.
 *
 * Exits with 1 when it does not find the pods that were missed. A missed aim is shown and is no error.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { openCluster } from '../../test/cluster/support/cluster.ts'
import { startControlPlane } from '../../test/cluster/support/control-plane.ts'
import { findControlPlaneBinaries } from '../../test/cluster/support/control-plane-binaries.ts'
import { findWebhookScript } from '../../test/cluster/support/webhook.ts'
import { sampleProcess } from '../measures/process-sample.ts'
import { findMedian } from '../measures/statistics.ts'
import { formatTable, paint } from '../measures/table.ts'
import { writeServiceAccounts } from '../start/service-account-population.ts'
import { writePods } from './pod-population.ts'

const { values } = parseArgs({
  options: {
    pods: { type: 'string', default: '20000' },
    accounts: { type: 'string', default: '5000' },
    runs: { type: 'string', default: '5' },
  },
})

const AIM = { seconds: 10, peakRssMegabytes: 150 }
const SAMPLE_MS = 20

/** One audit, as a process of its own. */
interface AuditSample {
  readonly seconds: number
  readonly peakRssMegabytes: number
  readonly cpuSeconds: number
  readonly missedPods: number
  readonly podCount: number
}

const binaries = await findControlPlaneBinaries(process.env, report)
const controlPlane = await startControlPlane(binaries, { hasControllers: false })
const cluster = openCluster(controlPlane.connection)
try {
  const accounts = { accounts: Number(values.accounts), namespaces: 100, oneInHasRole: 2 }
  const pods = { pods: Number(values.pods), replicas: 10, oneInMissed: 20 }
  const { etcdUrl, adminKubeconfigPath } = controlPlane.connection
  report(`writing ${values.accounts} ServiceAccounts and ${values.pods} pods`)
  await registerOwn()
  await writeServiceAccounts(etcdUrl, accounts)
  const missed = await writePods(etcdUrl, accounts, pods)
  // An API server that was just given so many objects takes longer for its first list.
  await runAudit(adminKubeconfigPath)
  const samples: AuditSample[] = []
  for (let run = 0; run < Number(values.runs); run++) samples.push(await runAudit(adminKubeconfigPath))
  console.log(formatSamples(samples))
  const isRight = samples.every(
    ({ missedPods, podCount }) => missedPods === missed && podCount === Number(values.pods),
  )
  if (!isRight) report(`${missed} of ${values.pods} pods were missed, and audit says otherwise`)
  process.exitCode = isRight ? 0 : 1
} finally {
  cluster.close()
  await controlPlane.stop()
}

/** It is never asked: the pods come by way of etcd. */
async function registerOwn(): Promise<void> {
  const name = 'pod-identity-webhook'
  await cluster.client.create('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    metadata: { name, labels: { 'app.kubernetes.io/name': name } },
    webhooks: [
      {
        name: 'pod-identity-webhook.amazonaws.com',
        clientConfig: { url: 'https://127.0.0.1:1/mutate' },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        admissionReviewVersions: ['v1'],
        failurePolicy: 'Ignore',
        sideEffects: 'None',
      },
    ],
  })
}

async function runAudit(kubeconfigPath: string): Promise<AuditSample> {
  const startedAtMs = performance.now()
  const args = [findWebhookScript(), 'audit', '-o', 'json', `--kubeconfig=${kubeconfigPath}`]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let last = { peakRssMegabytes: 0, cpuSeconds: 0 }
  const timer = setInterval(() => {
    try {
      const now = sampleProcess(child.pid ?? 0)
      // A process that is ending has no memory any more.
      if (!Number.isNaN(now.peakRssMegabytes)) last = now
    } catch {
      // It has ended between two looks.
    }
  }, SAMPLE_MS)
  const output = await text(child.stdout)
  await exited
  clearInterval(timer)
  const { findings, podCount } = JSON.parse(output) as {
    readonly findings: readonly { readonly code: string; readonly podCount: number }[]
    readonly podCount: number
  }
  const sample = {
    seconds: (performance.now() - startedAtMs) / 1000,
    peakRssMegabytes: last.peakRssMegabytes,
    cpuSeconds: last.cpuSeconds,
    podCount,
    missedPods: findings.reduce(
      (sum, finding) =>
        sum + (/^(missed|not_restarted_since_annotation)$/.test(finding.code) ? finding.podCount : 0),
      0,
    ),
  }
  report(
    `${sample.seconds.toFixed(2)} s, CPU ${sample.cpuSeconds.toFixed(2)} s, ${sample.peakRssMegabytes.toFixed(0)} MB`,
  )
  return sample
}

function formatSamples(samples: readonly AuditSample[]): string {
  const medianOf = (pick: (sample: AuditSample) => number) => findMedian(samples.map(pick))
  const judge = (value: number, atMost: number, digits: number) =>
    paint(value <= atMost ? 'green' : 'red', value.toFixed(digits))
  const seconds = medianOf((sample) => sample.seconds)
  const peakRssMegabytes = Math.max(...samples.map((sample) => sample.peakRssMegabytes))
  return formatTable(
    ['pods', 'ServiceAccounts', 'runs', 'seconds', 'aim', 'CPU s', 'peak RSS MB', 'aim'],
    [
      [
        String(values.pods),
        String(values.accounts),
        String(samples.length),
        judge(seconds, AIM.seconds, 2),
        String(AIM.seconds),
        medianOf((sample) => sample.cpuSeconds).toFixed(2),
        judge(peakRssMegabytes, AIM.peakRssMegabytes, 0),
        String(AIM.peakRssMegabytes),
      ],
    ],
  )
}

function report(line: string): void {
  process.stderr.write(`${line}\n`)
}
