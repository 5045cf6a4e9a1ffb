import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { listCgroupRoots } from './cgroups.ts'
import { MARKER, type NodePlace } from './node-place.ts'

const ATTEMPTS = 50
const ATTEMPT_MS = 100

/** Ends all of a node, removes what it made, and gives what is left in spite of it: nothing, where all is well. */
export async function tearDown(place: NodePlace): Promise<readonly string[]> {
  await killMarked(place, place.folder)
  unmountBelow(place.folder)
  removeShimSockets(place)
  for (let attempt = 0; attempt < ATTEMPTS && listCgroups(place).length > 0; attempt++) {
    removeCgroups(place)
    if (listCgroups(place).length > 0) await setTimeout(ATTEMPT_MS)
  }
  if (hasLink(place)) execFileSync('ip', ['link', 'delete', place.bridge])
  for (const file of listCniResults(place)) rmSync(file, { force: true })
  rmSync(place.folder, { recursive: true, force: true })
  return listTraces(place)
}

/** What there is of a node on this machine, a line each. */
export function listTraces(place: NodePlace): readonly string[] {
  return [
    ...listProcesses(place, place.folder).map((pid) => `process ${pid}: ${readCommand(pid)}`),
    ...listMounts(place.folder).map((path) => `mount ${path}`),
    ...listCgroups(place).map((path) => `cgroup ${path}`),
    ...(hasLink(place) ? [`network link ${place.bridge}`] : []),
    ...listCniResults(place).map((path) => `file ${path}`),
    ...(existsSync(place.folder) ? [`folder ${place.folder}`] : []),
  ]
}

/** Ends at once what is marked so, or is in a container of the node. */
export async function killMarked(place: NodePlace, mark: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const pids = listProcesses(place, mark)
    if (pids.length === 0) return
    for (const pid of pids) kill(pid)
    await setTimeout(ATTEMPT_MS / 5)
  }
}

/** Takes off all mounts below a folder, those on top first. */
export function unmountBelow(folder: string): void {
  for (const path of listMounts(folder).toReversed()) {
    // Lazily: a process that is about to end may hold it.
    execFileSync('umount', ['--lazy', path], { stdio: 'ignore' })
  }
}

/** Shims have their sockets outside of all folders, in places that they note. */
export function removeShimSockets({ folder }: NodePlace): void {
  const tasks = join(folder, 'containerd/state/io.containerd.runtime.v2.task/k8s.io')
  if (!existsSync(tasks)) return
  for (const name of readdirSync(tasks)) {
    const note = join(tasks, name, 'address')
    if (!existsSync(note)) continue
    rmSync(readFileSync(note, 'utf8').replace('unix://', ''), { force: true })
  }
}

/** Processes that are marked, and those in the node's containers; not this one. */
function listProcesses(place: NodePlace, mark: string): readonly number[] {
  const marked = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && isMarked(pid, mark))
  const contained = listCgroups(place).flatMap((path) =>
    read(join(path, 'cgroup.procs')).split('\n').filter(Boolean).map(Number),
  )
  return [...new Set([...marked, ...contained])].filter((pid) => !isZombie(pid))
}

function isMarked(pid: number, mark: string): boolean {
  return read(`/proc/${pid}/environ`)
    .split('\0')
    .some((variable) => variable === `${MARKER}=${mark}` || variable.startsWith(`${MARKER}=${mark}/`))
}

/** One that has ended, and for which nobody has asked. */
function isZombie(pid: number): boolean {
  return /^\d+ \(.*\) [ZX]/s.test(read(`/proc/${pid}/stat`))
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

function listMounts(folder: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replaceAll(/\\(\d{3})/g, (_, code) => fromOctal(code)))
    .filter((path) => path.startsWith(`${folder}/`))
}

function fromOctal(code: string): string {
  return String.fromCharCode(Number.parseInt(code, 8))
}

/** Those of the node, the innermost first. */
function listCgroups({ cgroup }: NodePlace): readonly string[] {
  return listCgroupRoots()
    .map((root) => join(root, cgroup))
    .filter((path) => existsSync(path))
    .flatMap(listInnermostFirst)
}

function listInnermostFirst(path: string): readonly string[] {
  const folders = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [...folders.flatMap(({ name }) => listInnermostFirst(join(path, name))), path]
}

function removeCgroups(place: NodePlace): void {
  for (const path of listCgroups(place)) {
    try {
      rmdirSync(path)
    } catch {
      // A process in it is about to end.
    }
  }
}

function hasLink({ bridge }: NodePlace): boolean {
  return existsSync(`/sys/class/net/${bridge}`)
}

/** libcni notes outside of all folders what plugins answered. */
function listCniResults({ bridge }: NodePlace): readonly string[] {
  const folder = '/var/lib/cni/results'
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${bridge}-`))
    .map((name) => join(folder, name))
}

function readCommand(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
