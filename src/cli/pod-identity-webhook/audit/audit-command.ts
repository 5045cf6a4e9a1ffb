import { setTimeout as delay } from 'node:timers/promises'
import type { Audit, AuditRequest } from '../../../audit/audit.ts'
import type { ClusterReader } from '../../../doctor/cluster-reader.ts'
import { SYSTEM_TIMING } from '../../../kubernetes/timing.ts'
import { createStopSignal } from '../../../telemetry/stop-signal.ts'
import { type Command, type CommandIo, defineCommand } from '../../engine/command.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'
import { createProgress } from '../../engine/progress.ts'
import { UsageError } from '../../engine/usage-error.ts'
import { CLUSTER_FLAGS } from '../flags/cluster-flags.ts'
import { FILE_PATH } from '../flags/text-rules.ts'
import { TARGET_FLAGS } from './target-flags.ts'
import { UNREAD_EXIT_CODE, withReader } from './unread.ts'
import { readWebhookSettings } from './webhook-flags.ts'

const REPORT_FLAGS = {
  title: 'What to do with findings',
  flags: {
    output: {
      kind: 'enum',
      name: 'output',
      short: 'o',
      values: ['table', 'wide', 'json', 'html'],
      default: 'table',
      help: 'Form of the report on stdout; html is one page that works offline.',
    },
    metricsPath: {
      kind: 'string',
      name: 'metrics-file',
      placeholder: 'FILE',
      accepts: FILE_PATH,
      help: "Also write how much was found to this file, for the textfile collector of Prometheus's node exporter.",
    },
    isRestarting: {
      kind: 'boolean',
      name: 'restart',
      help: 'Roll out anew what being created again mends: one Deployment, StatefulSet or DaemonSet at a time, each waited for. Ends at the first that does not come up. Bare pods are named and left alone.',
    },
    isDryRun: {
      kind: 'boolean',
      name: 'dry-run',
      help: 'With --restart: only say what would be rolled out.',
    },
    isWatching: {
      kind: 'boolean',
      name: 'watch',
      help: 'Look again every half minute, and tell what is new (+) and what is gone (-), until Ctrl-C.',
    },
  },
} as const satisfies FlagGroup

const WATCH_MS = 30_000

/** Makes the `audit` command. */
export function createAuditCommand(): Command {
  return defineCommand({
    name: 'audit',
    summary: 'Compare every pod of the cluster with what the webhook would give it now',
    groups: { target: TARGET_FLAGS, report: REPORT_FLAGS, cluster: CLUSTER_FLAGS },
    examples: [
      { purpose: 'which pods are without their credentials', line: 'pod-identity-webhook audit' },
      { purpose: 'a page for others', line: 'pod-identity-webhook audit --aws -o html > audit.html' },
      { purpose: 'mend one namespace', line: 'pod-identity-webhook audit -n shop --restart' },
    ],
    async run({ target, report, cluster }, io) {
      if (target.areAllNamespaces && target.namespace !== undefined)
        throw new UsageError('--all-namespaces and --namespace exclude each other')
      if (report.isDryRun && !report.isRestarting) throw new UsageError('--dry-run goes with --restart')
      if (report.isWatching && (report.isRestarting || report.output === 'html'))
        throw new UsageError('--watch goes neither with --restart nor with --output html')
      const { namespace = '', labelSelector = '', areRolesChecked } = target
      const request = { cluster, namespace, labelSelector, areRolesChecked }
      return await withReader(io, cluster, async (reader) => {
        const signal = createStopSignal()
        const audit = await runAudit(reader, request, io, signal)
        await writeReport(audit, report.output, cluster.context, io)
        if (report.metricsPath !== undefined) {
          const { writeMetricsFile } = await import('../../../audit/metrics-file.ts')
          await writeMetricsFile(report.metricsPath, audit, new Date())
        }
        if (report.isWatching)
          return await watch(audit, () => runAudit(reader, request, io, signal), io, signal)
        if (report.isRestarting && !(await restart(reader, audit, report.isDryRun, io, signal))) return 1
        if (audit.findings.length > 0) return report.isRestarting && !report.isDryRun ? 0 : 1
        return audit.gaps.length > 0 || audit.isCut ? UNREAD_EXIT_CODE : 0
      })
    },
  })
}

async function runAudit(
  reader: ClusterReader,
  request: AuditRequest,
  io: CommandIo,
  signal: AbortSignal,
): Promise<Audit> {
  const { auditCluster } = await import('../../../audit/audit.ts')
  const progress = createProgress(io)
  progress.begin('reading ServiceAccounts')
  try {
    return await auditCluster(reader, request, {
      env: io.env,
      readSettings: readWebhookSettings,
      progress: (count) => progress.begin(`${count} pods looked at`),
      signal,
    })
  } finally {
    progress.end()
  }
}

async function writeReport(
  audit: Audit,
  output: 'table' | 'wide' | 'json' | 'html',
  context: string | undefined,
  { stdout, stderr }: CommandIo,
): Promise<void> {
  const { renderSummary, renderTable, countFindings } = await import('../../../audit/report-text.ts')
  switch (output) {
    case 'html': {
      const { renderHtml } = await import('../../../audit/report-html.ts')
      stdout.write(renderHtml(audit, { cluster: context ?? 'the cluster', at: new Date() }))
      return
    }
    case 'json': {
      const { findings, podCount, accountCount, gaps, isCut } = audit
      const counts = countFindings(findings)
      stdout.write(
        `${JSON.stringify({ findings, counts, podCount, accountCount, gaps, isCut }, undefined, 2)}\n`,
      )
      return
    }
    default:
      stdout.write(renderTable(audit, output === 'wide'))
      stderr.write(renderSummary(audit))
  }
}

/** Whether all came up. */
async function restart(
  reader: ClusterReader,
  { findings }: Audit,
  isDryRun: boolean,
  io: CommandIo,
  signal: AbortSignal,
): Promise<boolean> {
  const { planRestarts, restartOwner } = await import('../../../audit/restart.ts')
  const { restarts, leftAlone } = planRestarts(findings)
  for (const key of leftAlone) io.stderr.write(`left alone: ${key}: nobody would make it again\n`)
  const progress = createProgress(io)
  for (const one of restarts) {
    const name = `${one.kind} ${one.namespace}/${one.name}`
    if (isDryRun) {
      io.stderr.write(`would restart ${name}\n`)
      continue
    }
    progress.begin(`restarting ${name}`)
    try {
      await restartOwner(reader.client, one, { timing: SYSTEM_TIMING, signal })
    } catch (error) {
      progress.end()
      io.stderr.write(`pod-identity-webhook: ${(error as Error).message}; nothing after it was restarted\n`)
      return false
    }
    progress.end()
    io.stderr.write(`restarted ${name}\n`)
  }
  return true
}

async function watch(
  { findings }: Audit,
  again: () => Promise<Audit>,
  { stdout, stderr }: CommandIo,
  signal: AbortSignal,
): Promise<number> {
  const { watchFindings } = await import('../../../audit/watch.ts')
  const left = await watchFindings(findings, {
    audit: again,
    wait: () => delay(WATCH_MS, undefined, { signal }).catch(() => {}),
    tell: (line) => stdout.write(`${line}\n`),
    tellUnread: (line) => stderr.write(`pod-identity-webhook: ${line}; looking again\n`),
    signal,
  })
  return left.length > 0 ? 1 : 0
}
