import { runProgram } from '../../../src/cli/engine/program.ts'
import { ACTIONS } from '../../../src/cli/pod-identity-webhook/actions.ts'
import { createProgram } from '../../../src/cli/pod-identity-webhook/program.ts'
import { captureIo } from '../../cli/capture-io.ts'
import type { Cluster } from './cluster.ts'

/** A finding as `-o json` tells it. */
export interface ToldFinding {
  readonly code: string
  readonly namespace: string
  readonly kind: string
  readonly name: string
  readonly serviceAccount: string
  readonly role: string
  readonly detail: string
  readonly podCount: number
}

/** What an audit said. */
export interface AuditRun {
  readonly exitCode: number
  readonly findings: readonly ToldFinding[]
  /** What could not be read. */
  readonly gaps: readonly string[]
  readonly stderr: string
  /** `code namespace/kind/name podCount`, a line for each finding, sorted. */
  readonly rows: readonly string[]
}

/** Runs `audit -o json` with more flags, as the administrator or with another kubeconfig. */
export async function runAudit(
  { connection }: Pick<Cluster, 'connection'>,
  flags: readonly string[],
  kubeconfigPath = connection.adminKubeconfigPath,
): Promise<AuditRun> {
  const { io, output } = captureIo()
  const line = ['audit', '-o', 'json', `--kubeconfig=${kubeconfigPath}`, ...flags]
  const exitCode = await runProgram(createProgram(ACTIONS), line, io)
  const { findings = [], gaps = [] } = JSON.parse(output.stdout === '' ? '{}' : output.stdout) as Partial<
    Pick<AuditRun, 'findings' | 'gaps'>
  >
  const rows = findings.map(
    ({ code, namespace, kind, name, podCount }) => `${code} ${namespace}/${kind}/${name} ${podCount}`,
  )
  return { exitCode, findings, gaps, stderr: output.stderr, rows: rows.sort((a, b) => (a < b ? -1 : 1)) }
}
