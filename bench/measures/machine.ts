import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { cpus, release } from 'node:os'
import type { LoadTool } from '../load/load.ts'

/** What a result depends on besides the code. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly kernel: string
  readonly node: string
  readonly loadTool: string
}

/** Describes the machine that the benchmark runs on, so that a result can be judged later. */
export function describeMachine(tool: LoadTool): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    kernel: release(),
    node: process.version,
    loadTool: tool === 'wrk' ? readWrkVersion() : `autocannon ${readAutocannonVersion()}`,
  }
}

function readWrkVersion(): string {
  const { stdout } = spawnSync('wrk', ['-v'], { encoding: 'utf8' })
  return /^wrk \S+/.exec(stdout)?.[0] ?? 'wrk'
}

function readAutocannonVersion(): string {
  const manifest: { readonly version: string } = createRequire(import.meta.url)('autocannon/package.json')
  return manifest.version
}
