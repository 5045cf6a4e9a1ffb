import { execFile } from 'node:child_process'
import { access, constants, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { hasGo } from '../../support/go-build.ts'
import {
  buildKubernetes,
  buildOwnProgram,
  findBuildFolder,
  NODE_PROGRAMS,
  type NodeProgram,
  PROGRAMS,
  type Program,
} from './control-plane-build.ts'

const run = promisify(execFile)

const MODULE_FOLDER = fileURLToPath(new URL('../control-plane/', import.meta.url))

/** What control planes are built from, by minor version of Kubernetes; the first is the default. */
const MOD_FILES: Readonly<Record<string, string>> = { '1.36': 'go.mod', '1.34': 'go-1.34.mod' }

/** Absolute paths of the programs that make a control plane. */
export type ControlPlaneBinaries = Readonly<Record<Program, string>>

/** This machine has no control plane and cannot build one; the message is one line that says how to get one. */
export class ControlPlaneUnavailableError extends Error {
  override readonly name = 'ControlPlaneUnavailableError'
}

/**
 * Finds etcd, kube-apiserver, kube-controller-manager and kubectl, and builds those that are missing into a cache
 * outside the checkout, once.
 *
 * `KUBEBUILDER_ASSETS` is taken as it is; the places where envtest users keep theirs only where the minor version is
 * the wanted one: `KUBERNETES_VERSION`, such as 1.36. envtest brings no kube-controller-manager: that one is built.
 *
 * @throws ControlPlaneUnavailableError
 * @throws RangeError for a version that is not known here
 */
export async function findControlPlaneBinaries(
  env: NodeJS.ProcessEnv,
  reportProgress: (line: string) => void,
): Promise<ControlPlaneBinaries> {
  const { minor, module } = findModule(env)
  const { version, buildFolder } = await findBuildFolder(module, env)
  const chosenFolder = env['KUBEBUILDER_ASSETS']
  const folders = [...(chosenFolder ? [chosenFolder] : []), buildFolder]
  const here = await findPrograms(folders)
  const found = isComplete(here)
    ? here
    : await findPrograms([...folders, ...(await listEnvtestFolders(env, minor))])
  if (isComplete(found)) return found

  const missing = PROGRAMS.filter((program) => found[program] === undefined)
  if (!hasGo()) {
    throw new ControlPlaneUnavailableError(
      `no ${missing.join(', ')}: install Go 1.26 or newer (https://go.dev/dl) and they are built once in about 5 minutes, ` +
        'or put them all into one folder and set KUBEBUILDER_ASSETS to it',
    )
  }
  await buildKubernetes({ programs: missing, version, module, buildFolder, env, reportProgress })
  return { ...inFolder(buildFolder), ...found }
}

/**
 * The kubelet and kube-scheduler of the same version, built where they are not there yet.
 *
 * @throws ControlPlaneUnavailableError
 */
export async function findNodePrograms(
  env: NodeJS.ProcessEnv,
  reportProgress: (line: string) => void,
): Promise<Readonly<Record<NodeProgram, string>>> {
  const { module } = findModule(env)
  const { version, buildFolder } = await findBuildFolder(module, env)
  const here = await Promise.all(NODE_PROGRAMS.map((program) => isExecutable(join(buildFolder, program))))
  if (here.includes(false)) {
    if (!hasGo())
      throw new ControlPlaneUnavailableError(
        `no ${NODE_PROGRAMS.join(', ')}: install Go 1.26 or newer (https://go.dev/dl) and they are built once`,
      )
    await buildKubernetes({ programs: NODE_PROGRAMS, version, module, buildFolder, env, reportProgress })
  }
  return { kubelet: join(buildFolder, 'kubelet'), 'kube-scheduler': join(buildFolder, 'kube-scheduler') }
}

/**
 * Builds `pause`, which does nothing until it is told to end: what holds a pod's namespaces.
 */
export async function findPause(env: NodeJS.ProcessEnv): Promise<string> {
  const { module } = findModule(env)
  const { buildFolder } = await findBuildFolder(module, env)
  return buildOwnProgram('pause', { module, buildFolder, env })
}

/**
 * Builds `kubelet-plugin`, which asks the kubelet's own code, where this state of it is not built yet: some seconds where the
 * control plane was built here, else a minute. `undefined` where there is no Go.
 */
export async function findKubeletPlugin(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (!hasGo()) return undefined
  const { module } = findModule(env)
  const { buildFolder } = await findBuildFolder(module, env)
  return buildOwnProgram('kubelet-plugin', { module, buildFolder, env })
}

function findModule(env: NodeJS.ProcessEnv) {
  const known = Object.keys(MOD_FILES)
  const minor = (env['KUBERNETES_VERSION'] || known[0] || '').replace(/^v?(\d+\.\d+).*$/, '$1')
  const modFile = MOD_FILES[minor]
  if (modFile !== undefined) return { minor, module: { folder: MODULE_FOLDER, modFile } }
  throw new RangeError(`KUBERNETES_VERSION: ${minor} is none of ${known.join(', ')}`)
}

function isComplete(found: Partial<ControlPlaneBinaries>): found is ControlPlaneBinaries {
  return PROGRAMS.every((program) => found[program] !== undefined)
}

function inFolder(folder: string): ControlPlaneBinaries {
  return Object.fromEntries(
    PROGRAMS.map((program) => [program, join(folder, program)]),
  ) as ControlPlaneBinaries
}

/** Each program from the first folder that has it. */
async function findPrograms(folders: readonly string[]): Promise<Partial<ControlPlaneBinaries>> {
  const found: Partial<Record<Program, string>> = {}
  for (const folder of folders) {
    for (const program of PROGRAMS) {
      const path = join(folder, program)
      if (found[program] === undefined && (await isExecutable(path))) found[program] = path
    }
  }
  return found
}

/** Where setup-envtest and kubebuilder keep theirs, as far as the API server there is of the wanted minor version. */
async function listEnvtestFolders(env: NodeJS.ProcessEnv, minor: string): Promise<readonly string[]> {
  const dataFolder = env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share')
  const envtestFolder = join(dataFolder, 'kubebuilder-envtest', 'k8s')
  const versions = await readdir(envtestFolder).catch(() => [])
  const folders = [...versions.map((name) => join(envtestFolder, name)), '/usr/local/kubebuilder/bin']
  const wanted = await Promise.all(
    folders.map((folder) => canRun(join(folder, 'kube-apiserver'), ['--version'], `v${minor}.`)),
  )
  return folders.filter((_, index) => wanted[index])
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function canRun(command: string, args: readonly string[], expectedOutput = ''): Promise<boolean> {
  return run(command, [...args], { timeout: 20_000 }).then(
    ({ stdout }) => stdout.includes(expectedOutput),
    () => false,
  )
}
