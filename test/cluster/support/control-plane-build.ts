import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'

/** The programs that make a control plane, and the Go package of each. */
const PROGRAM_PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const

export type Program = keyof typeof PROGRAM_PACKAGES

export const PROGRAMS = Object.keys(PROGRAM_PACKAGES) as readonly Program[]

const PROGRESS_INTERVAL_MS = 30_000

/** A Go module that a control plane is built from: its folder, and which of the `.mod` files there says the versions. */
export interface ControlPlaneModule {
  readonly folder: string
  readonly modFile: string
}

/** The version that a control plane module pins (`v1.36.3`) and the cache folder of what is built from it. */
export async function findBuildFolder(
  { folder, modFile }: ControlPlaneModule,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly version: string; readonly buildFolder: string }> {
  const requirements = await readFile(join(folder, modFile), 'utf8')
  const sums = await readFile(join(folder, modFile.replace(/\.mod$/, '.sum')), 'utf8')
  const version = /\bk8s\.io\/kubernetes (v\S+)/.exec(requirements)?.[1]
  if (version === undefined) throw new Error(`${join(folder, modFile)}: requires no k8s.io/kubernetes`)
  const digest = createHash('sha256').update(requirements).update(sums).digest('hex').slice(0, 12)
  const cacheFolder = env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return {
    version,
    buildFolder: join(cacheFolder, 'pod-identity-webhook', 'control-plane', `${version}-${digest}`),
  }
}

/** Builds programs with Go into `buildFolder`: each appears there complete or not at all. */
export async function buildPrograms(options: {
  readonly programs: readonly Program[]
  /** Version of Kubernetes, with the v. */
  readonly version: string
  readonly module: ControlPlaneModule
  readonly buildFolder: string
  readonly env: NodeJS.ProcessEnv
  readonly reportProgress: (line: string) => void
}): Promise<void> {
  const { programs, version, module, buildFolder, env, reportProgress } = options
  await mkdir(buildFolder, { recursive: true })
  const outputFolder = await mkdtemp(join(buildFolder, 'building-'))
  const startedAtMs = Date.now()
  const elapsedSeconds = () => Math.round((Date.now() - startedAtMs) / 1000)
  reportProgress(`building ${programs.join(', ')} ${version}, once: about 5 minutes on two cores`)
  const progress = setInterval(
    () => reportProgress(`still building, ${elapsedSeconds()} s`),
    PROGRESS_INTERVAL_MS,
  )
  try {
    const packages = programs.map((program) => PROGRAM_PACKAGES[program])
    const args = [
      'build',
      '-trimpath',
      '-ldflags',
      linkerFlags(version),
      '-o',
      `${outputFolder}/`,
      ...packages,
    ]
    await runGo(args, module, env)
    for (const program of programs) {
      await rename(join(outputFolder, fileNameOfBuild(program)), join(buildFolder, program))
    }
    reportProgress(`built in ${elapsedSeconds()} s: ${buildFolder}`)
  } finally {
    clearInterval(progress)
    await rm(outputFolder, { recursive: true, force: true })
  }
}

/**
 * Builds a Go program of our own, `name/main.go` in the module, into `buildFolder` and gives its path. Each state of its source
 * has a file of its own there.
 */
export async function buildOwnProgram(
  name: string,
  {
    module,
    buildFolder,
    env,
  }: { readonly module: ControlPlaneModule; readonly buildFolder: string; readonly env: NodeJS.ProcessEnv },
): Promise<string> {
  const source = await readFile(join(module.folder, name, 'main.go'))
  const digest = createHash('sha256').update(source).digest('hex').slice(0, 12)
  const path = join(buildFolder, `${name}-${digest}`)
  const isBuilt = await access(path).then(
    () => true,
    () => false,
  )
  if (isBuilt) return path
  await mkdir(buildFolder, { recursive: true })
  const outputFolder = await mkdtemp(join(buildFolder, 'building-'))
  try {
    const output = join(outputFolder, name)
    await runGo(['build', '-trimpath', '-ldflags', '-s -w', '-o', output, `./${name}`], module, env)
    await rename(output, path)
  } finally {
    await rm(outputFolder, { recursive: true, force: true })
  }
  return path
}

async function runGo(
  [command = '', ...args]: readonly string[],
  { folder, modFile }: ControlPlaneModule,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const go = spawn('go', [command, `-modfile=${modFile}`, ...args], {
    cwd: folder,
    env: { ...env, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = await once(go, 'exit')
  if (code !== 0)
    throw new Error(`go ${command} in ${folder} failed with exit code ${code}; its errors are above`)
}

/** go build names a program after the last element of its package's path that is not a major version. */
function fileNameOfBuild(program: Program): string {
  return basename(PROGRAM_PACKAGES[program].replace(/\/v\d+$/, ''))
}

/** Without its version the API server calls itself v0.0.0-master and refuses to start: it cannot tell what to emulate. */
function linkerFlags(version: string): string {
  const [major = '', minor = ''] = version.slice(1).split('.')
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  const settings = Object.entries(values).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  )
  return ['-s', '-w', ...settings].join(' ')
}
