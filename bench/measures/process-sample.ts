import { readdirSync, readFileSync } from 'node:fs'

/** What /proc says of a process at one moment. */
export interface ProcessSample {
  readonly rssMegabytes: number
  /** The most that `rssMegabytes` ever was, by the kernel's own high-water mark. */
  readonly peakRssMegabytes: number
  readonly cpuSeconds: number
  readonly fileDescriptors: number
}

/** Linux counts CPU time in hundredths of a second for user space on every architecture that Node runs on. */
const CLOCK_TICKS_PER_SECOND = 100

/** Reads a process's memory (in MB of 10^6 bytes), CPU time and open files; throws when the process is gone. */
export function sampleProcess(pid: number): ProcessSample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    rssMegabytes: readMegabytes(status, 'VmRSS'),
    peakRssMegabytes: readMegabytes(status, 'VmHWM'),
    cpuSeconds: readCpuSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8')),
    fileDescriptors: readdirSync(`/proc/${pid}/fd`).length,
  }
}

function readMegabytes(status: string, field: string): number {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
  return (Number(kibibytes) * 1024) / 1e6
}

/** `utime` and `stime` are fields 14 and 15 of proc_pid_stat(5); the name, field 2, may hold spaces. */
function readCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND
}
