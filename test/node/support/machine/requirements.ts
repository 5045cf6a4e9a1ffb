import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What a node is made of beside what is built here: programs, and in which of Debian's packages they are. */
const PROGRAM_PACKAGES: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  'docker-registry': 'docker-registry',
  htpasswd: 'apache2-utils',
  skopeo: 'skopeo',
  ip: 'iproute2',
  ldd: 'libc-bin',
  tar: 'tar',
  umount: 'mount',
}

/** Where Debian and others keep the plugins that give pods their network. */
const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni']

const CNI_PLUGINS = ['bridge', 'host-local', 'loopback']

const CNI_PACKAGE = 'containernetworking-plugins'

/** Why no node can run on this machine, with what to do; undefined where one can. */
export function findObstacle(env: NodeJS.ProcessEnv): string | undefined {
  if (process.platform !== 'linux') return 'a node runs on Linux'
  if (process.getuid?.() !== 0) return 'a node takes root: it makes mounts, cgroups and network namespaces'
  const missing = listMissing(env).map(({ what }) => what)
  if (missing.length === 0) return undefined
  return `there is no ${missing.join(', ')}: make node-suite-packages installs it on Debian`
}

/** Debian's packages of what is missing. */
export function listMissingPackages(env: NodeJS.ProcessEnv): readonly string[] {
  return listMissing(env).map((missing) => missing.package)
}

/** The folder that has all the CNI plugins that a node here uses. */
export function findCniFolder(): string | undefined {
  return CNI_FOLDERS.find((folder) => CNI_PLUGINS.every((name) => isExecutable(join(folder, name))))
}

function listMissing(env: NodeJS.ProcessEnv): readonly { readonly what: string; readonly package: string }[] {
  const folders = (env['PATH'] ?? '').split(delimiter)
  const programs = Object.entries(PROGRAM_PACKAGES)
    .filter(([name]) => !folders.some((folder) => isExecutable(join(folder, name))))
    .map(([what, name]) => ({ what, package: name }))
  const plugins = findCniFolder() === undefined ? [{ what: 'CNI plugins', package: CNI_PACKAGE }] : []
  return [...programs, ...plugins]
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
