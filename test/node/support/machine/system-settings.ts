import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** What a kubelet and the bridge plugin set on the whole machine. */
const PATHS = [
  '/proc/sys/vm/overcommit_memory',
  '/proc/sys/vm/panic_on_oom',
  '/proc/sys/kernel/panic',
  '/proc/sys/kernel/panic_on_oops',
  '/proc/sys/kernel/keys/root_maxkeys',
  '/proc/sys/kernel/keys/root_maxbytes',
  '/proc/sys/net/ipv4/ip_forward',
]

/** Reads it, before a node changes it. */
export function readSettings(): ReadonlyMap<string, string> {
  return new Map(PATHS.filter((path) => existsSync(path)).map((path) => [path, readFileSync(path, 'utf8')]))
}

/** Sets it back, where it was changed. */
export function restoreSettings(settings: ReadonlyMap<string, string>): void {
  for (const [path, value] of settings) if (readFileSync(path, 'utf8') !== value) writeFileSync(path, value)
}
