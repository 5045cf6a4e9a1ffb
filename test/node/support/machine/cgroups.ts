import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of those that kubelets ask for; in version 2 what is below the root has only those that the root hands down. */
const CONTROLLERS = ['cpu', 'cpuset', 'memory', 'hugetlb', 'pids']

const ROOT = '/sys/fs/cgroup'

/** The roots of all hierarchies of cgroups: one of version 2, or several of version 1. */
export function listCgroupRoots(): readonly string[] {
  if (isVersion2()) return [ROOT]
  return readdirSync(ROOT)
    .map((name) => join(ROOT, name))
    .filter(isHierarchy)
}

/** Makes a cgroup in all hierarchies, where it is not there yet. */
export function makeCgroups(name: string): void {
  if (isVersion2()) {
    const available = readFileSync(join(ROOT, 'cgroup.controllers'), 'utf8').trim().split(' ')
    const wanted = CONTROLLERS.filter((controller) => available.includes(controller))
    const order = wanted.map((controller) => `+${controller}`).join(' ')
    writeFileSync(join(ROOT, 'cgroup.subtree_control'), order)
  }
  for (const root of listCgroupRoots()) mkdirSync(join(root, name), { recursive: true })
}

function isVersion2(): boolean {
  return readdirSync(ROOT).includes('cgroup.controllers')
}

function isHierarchy(path: string): boolean {
  try {
    return readdirSync(path).includes('cgroup.procs')
  } catch {
    return false
  }
}
