import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  buildMissing,
  digestFiles,
  digestModule,
  findCacheFolder,
  type GoModule,
} from '../../support/go-build.ts'

/** The programs that make a control plane, and the Go package of each. */
const PROGRAM_PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const

/** What it takes beside that to run pods, from the same module. */
const NODE_PACKAGES = {
  kubelet: 'k8s.io/kubernetes/cmd/kubelet',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
} as const

export type Program = keyof typeof PROGRAM_PACKAGES

export type NodeProgram = keyof typeof NODE_PACKAGES

export const PROGRAMS = Object.keys(PROGRAM_PACKAGES) as readonly Program[]

export const NODE_PROGRAMS = Object.keys(NODE_PACKAGES) as readonly NodeProgram[]

/** The version that a control plane's module pins (`v1.36.3`) and the cache folder of what is built from it. */
export async function findBuildFolder(
  module: GoModule,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly version: string; readonly buildFolder: string }> {
  const path = join(module.folder, module.modFile)
  const version = /\bk8s\.io\/kubernetes (v\S+)/.exec(await readFile(path, 'utf8'))?.[1]
  if (version === undefined) throw new Error(`${path}: requires no k8s.io/kubernetes`)
  const folder = findCacheFolder('control-plane', env)
  return { version, buildFolder: join(folder, `${version}-${await digestModule(module)}`) }
}

/** Builds those programs that are not there yet into `buildFolder`. */
export async function buildKubernetes(options: {
  readonly programs: readonly (Program | NodeProgram)[]
  /** Version of Kubernetes, with the v. */
  readonly version: string
  readonly module: GoModule
  readonly buildFolder: string
  readonly env: NodeJS.ProcessEnv
  readonly reportProgress: (line: string) => void
}): Promise<void> {
  const { programs, version, module, buildFolder, env, reportProgress } = options
  const all = { ...PROGRAM_PACKAGES, ...NODE_PACKAGES }
  const packages = Object.fromEntries(programs.map((program) => [program, all[program]]))
  const what = `${programs.join(', ')} ${version}, once: up to 5 minutes on two cores`
  const linkerFlags = writeVersionFlags(version)
  await buildMissing(
    { module, packages, outputFolder: buildFolder, linkerFlags, env },
    { what, reportProgress },
  )
}

/**
 * Builds a Go program of our own, `name/main.go` in the module, into `buildFolder` and gives its path. Each state of its source
 * has a file of its own there.
 */
export async function buildOwnProgram(
  name: string,
  options: { readonly module: GoModule; readonly buildFolder: string; readonly env: NodeJS.ProcessEnv },
): Promise<string> {
  const { module, buildFolder: outputFolder, env } = options
  const fileName = `${name}-${await digestFiles([join(module.folder, name, 'main.go')])}`
  await buildMissing({ module, packages: { [fileName]: `./${name}` }, outputFolder, env })
  return join(outputFolder, fileName)
}

/** Without its version the API server calls itself v0.0.0-master and refuses to start: it cannot tell what to emulate. */
function writeVersionFlags(version: string): readonly string[] {
  const [major = '', minor = ''] = version.slice(1).split('.')
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  return Object.entries(values).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
}
