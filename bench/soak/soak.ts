/**
 * Looks for leaks: a burst of connections, then load while the certificate is replaced every second; see
 * bench/README.md. `node bench/soak/soak.ts --duration 10m` exits with 1 when something failed or is not flat.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chooseLoadTool } from '../load/load.ts'
import { paint } from '../measures/table.ts'
import { claimCores } from '../servers/pinned-process.ts'
import { SERVER_NODE_OPTIONS } from '../servers/webhook-command.ts'
import { runSoak } from './soak-run.ts'
import { judgeSoak } from './soak-verdict.ts'

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }
const MIN_DURATION_SECONDS = 10

const { values } = parseArgs({
  options: {
    duration: { type: 'string', default: '10m' },
    connections: { type: 'string', default: '25' },
    burst: { type: 'string', default: '1000' },
    bundle: { type: 'string', default: 'dist/pod-identity-webhook.mjs' },
    'node-options': { type: 'string', default: SERVER_NODE_OPTIONS },
    json: { type: 'string' },
  },
})

function report(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Reads `20s`, `10m` or `1h`; NaN for anything else. */
function parseSeconds(text: string): number {
  const [, amount, unit] = /^(\d+)([smh])$/.exec(text) ?? []
  return Number(amount) * (SECONDS_PER_UNIT[unit ?? ''] ?? Number.NaN)
}

async function soak(directory: string, durationSeconds: number): Promise<boolean> {
  const record = await runSoak({
    directory,
    durationSeconds,
    bundlePath: values.bundle,
    nodeOptions: values['node-options'],
    tool: chooseLoadTool(),
    cores: claimCores(),
    burstConnections: Number(values.burst),
    loadConnections: Number(values.connections),
    report,
  })
  const findings = judgeSoak(record)
  for (const { isGood, subject, detail } of findings) {
    console.log(`${isGood ? paint('green', 'flat') : paint('red', 'FAIL')} ${subject}: ${detail}`)
  }
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ durationSeconds, findings, ...record }, undefined, 2)}\n`)
  }
  return findings.every(({ isGood }) => isGood)
}

const durationSeconds = parseSeconds(values.duration)
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
const directory = mkdtempSync(join(tmpdir(), 'webhook-soak-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
if (!(durationSeconds >= MIN_DURATION_SECONDS)) {
  report(
    `--duration ${values.duration} is no length of time of at least ${MIN_DURATION_SECONDS} s: write 20s, 10m or 1h`,
  )
  process.exitCode = 2
} else {
  try {
    process.exitCode = (await soak(directory, durationSeconds)) ? 0 : 1
  } catch (error) {
    report(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
