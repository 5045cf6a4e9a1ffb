import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Cluster } from './cluster.ts'

const run = promisify(execFile)

/** A Go module of its own that pins cert-manager's, which carries the CRDs. */
const MODULE_FOLDER = fileURLToPath(new URL('../cert-manager/', import.meta.url))
const MODULE = 'github.com/cert-manager/cert-manager'

/** The kinds that deploy/overlays/cert-manager has. */
const DEFINITIONS = ['certificates.cert-manager.io', 'issuers.cert-manager.io']

/** The files of cert-manager's CRDs; undefined where there is no Go to fetch them with. */
export async function findCertManagerDefinitions(): Promise<readonly string[] | undefined> {
  const runGo = (...args: readonly string[]) => run('go', args, { cwd: MODULE_FOLDER })
  try {
    await runGo('version')
  } catch {
    return undefined
  }
  await runGo('mod', 'download', MODULE)
  const { stdout } = await runGo('list', '-m', '-f', '{{.Dir}}', MODULE)
  return DEFINITIONS.map((name) => {
    const [plural, group] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)]
    return join(stdout.trim(), 'deploy', 'crds', `${group}_${plural}.yaml`)
  })
}

/** Gives a control plane cert-manager's kinds, without the programs behind them. */
export async function addCertManagerKinds(cluster: Cluster, files: readonly string[]): Promise<void> {
  const names = files.map((file) => `--filename=${file}`)
  await expectSuccess(cluster, ['apply', '--server-side', ...names])
  const definitions = DEFINITIONS.map((name) => `customresourcedefinition/${name}`)
  await expectSuccess(cluster, ['wait', '--for=condition=Established', '--timeout=30s', ...definitions])
}

/** Takes the kinds away again, and all objects of them. */
export async function removeCertManagerKinds(cluster: Cluster): Promise<void> {
  await expectSuccess(cluster, ['delete', '--ignore-not-found', 'customresourcedefinition', ...DEFINITIONS])
}

async function expectSuccess(cluster: Cluster, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await cluster.kubectl(args)
  if (exitCode !== 0) throw new Error(`kubectl ${args[0]}: ${stderr}`)
}
