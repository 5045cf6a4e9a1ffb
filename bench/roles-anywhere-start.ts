/**
 * Measures `roles-anywhere credential-process` from start to exit against an empty Node process, in the same run.
 *
 * The network is set aside: what a bare HTTPS POST to the same server costs a Node process over an empty one is taken
 * off. Runs of the three kinds alternate; --runs says how many there are of each. A missed aim is shown and is no error.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createAuthority, type KeyKind } from '../test/support/certificate-authority.ts'
import {
  PROFILE_ARN,
  ROLE_ARN,
  startRolesAnywhereServer,
  TRUST_ANCHOR_ARN,
} from '../test/support/roles-anywhere-server.ts'
import { findMedian } from './statistics.ts'
import { formatTable } from './table.ts'

const AIM = 1.5
const BUNDLE = join(import.meta.dirname, '..', 'dist', 'roles-anywhere.mjs')
const BARE_POST = `
const { readFileSync } = process.getBuiltinModule('node:fs')
const [url, caPath] = process.argv.slice(2)
const options = { method: 'POST', agent: false, ca: readFileSync(caPath) }
process.getBuiltinModule('node:https').request(url, options, (reply) => {
  reply.setEncoding('utf8').on('data', (text) => process.stdout.write(text))
}).end('{"durationSeconds":3600}')
`

const { values } = parseArgs({ options: { runs: { type: 'string', default: '25' } } })
const folder = mkdtempSync(join(tmpdir(), 'bench-roles-anywhere-'))
const write = (name: string, content: string) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
try {
  const authority = await createAuthority()
  const { certificate, key } = await authority.issue({ name: 'CN=localhost', dnsNames: ['127.0.0.1'] })
  const server = await startRolesAnywhereServer([authority.certificate], { tls: { cert: certificate, key } })
  const caPath = write('ca.pem', authority.certificate)
  const commands: Record<string, string[]> = {
    empty: ['-e', '0'],
    'bare POST': [write('post.mjs', BARE_POST), `${server.url}/sessions`, caPath],
  }
  for (const keyKind of ['ec', 'rsa'] satisfies KeyKind[]) {
    const leaf = await authority.issue({ name: 'CN=node', keyKind })
    const path = write(`${keyKind}.pem`, leaf.certificate + leaf.key)
    const arns = [
      '--trust-anchor-arn',
      TRUST_ANCHOR_ARN,
      '--profile-arn',
      PROFILE_ARN,
      '--role-arn',
      ROLE_ARN,
    ]
    const flags = ['--certificate', path, '--endpoint', server.url, ...arns]
    commands[`credential-process ${keyKind}`] = [BUNDLE, 'credential-process', ...flags]
  }
  report(await measure(commands, Number(values.runs), { AWS_CA_BUNDLE: caPath }))
  await server.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function measure(commands: Record<string, string[]>, runs: number, env: Record<string, string>) {
  const timesMs = new Map(Object.keys(commands).map((name) => [name, [] as number[]]))
  for (let run = 0; run < runs; run++) {
    for (const [name, args] of Object.entries(commands)) timesMs.get(name)?.push(await timeProcess(args, env))
  }
  return timesMs
}

async function timeProcess(args: string[], env: Record<string, string>): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  child.stdout.resume()
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.once('close', resolve)
  if ((await promise) !== 0 && !args.includes(`${folder}/post.mjs`)) throw new Error('a run failed')
  return performance.now() - startedAt
}

function report(timesMs: ReadonlyMap<string, readonly number[]>): void {
  const summarise = (times: readonly number[] = []) => [Math.min(...times), findMedian(times)] as const
  const [emptyBest, emptyMedian] = summarise(timesMs.get('empty'))
  const [postBest, postMedian] = summarise(timesMs.get('bare POST'))
  const rows = [...timesMs].map(([name, times]) => {
    const [best, median] = summarise(times)
    const isProgram = name.startsWith('credential-process')
    const ratio = (value: number, empty: number) => (value / empty).toFixed(2)
    return [
      name,
      best.toFixed(1),
      median.toFixed(1),
      ratio(median, emptyMedian),
      isProgram ? ratio(best - (postBest - emptyBest), emptyBest) : '',
      isProgram ? ratio(median - (postMedian - emptyMedian), emptyMedian) : '',
    ]
  })
  const heading = [
    'process',
    'best ms',
    'median ms',
    'of empty',
    'network aside, best',
    'network aside, median',
  ]
  console.log(formatTable(heading, rows))
  console.log(`aim: at most ${AIM} of an empty process, network aside`)
}
