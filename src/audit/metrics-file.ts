import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { createMetricsOf } from '../telemetry/metrics.ts'
import type { Audit } from './audit.ts'
import { FINDINGS, type FindingCode } from './findings.ts'
import { AUDIT_METRICS } from './metric-table.ts'

/**
 * Writes what was found as a file of metrics, for the textfile collector of Prometheus's node exporter: whole or not at all. Rejects,
 * in one line, where it cannot be written.
 */
export async function writeMetricsFile(
  path: string,
  { findings, podCount }: Audit,
  now: Date,
): Promise<void> {
  const metrics = createMetricsOf(AUDIT_METRICS, { collectNodeMetrics: false })
  for (const code of Object.keys(FINDINGS) as FindingCode[]) {
    const counts = findings.filter((finding) => finding.code === code).map((finding) => finding.podCount || 1)
    metrics.findings.set(
      { finding: code },
      counts.reduce((sum, count) => sum + count, 0),
    )
  }
  metrics.pods.set(podCount)
  metrics.finishedAt.set(now.getTime() / 1000)
  // The collector reads *.prom alone.
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, await metrics.registry.metrics())
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new Error(`--metrics-file: cannot write ${path} (${code})`, { cause: error })
  }
}
