import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Programs that a node is made of, beside those that are built here. */
const PROGRAMS = ['containerd', 'runc', 'docker-registry', 'htpasswd', 'skopeo', 'ip', 'ldd', 'tar', 'umount']

/** Where Debian and others keep the plugins that give pods their network. */
const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni']

const CNI_PLUGINS = ['bridge', 'host-local', 'loopback']

/** Why no node can run on this machine, with what to do; undefined where one can. */
export function findObstacle(env: NodeJS.ProcessEnv): string | undefined {
  if (process.platform !== 'linux') return 'a node runs on Linux'
  if (process.getuid?.() !== 0) return 'a node takes root: it makes mounts, cgroups and network namespaces'
  const folders = (env['PATH'] ?? '').split(delimiter)
  const missing = PROGRAMS.filter((name) => !folders.some((folder) => isExecutable(join(folder, name))))
  if (findCniFolder() === undefined) missing.push('CNI plugins')
  if (missing.length > 0)
    return `there is no ${missing.join(', ')}: make node-suite-packages installs it on Debian`
  return undefined
}

/** The folder that has all the CNI plugins that a node here uses. */
export function findCniFolder(): string | undefined {
  return CNI_FOLDERS.find((folder) => CNI_PLUGINS.every((name) => isExecutable(join(folder, name))))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
