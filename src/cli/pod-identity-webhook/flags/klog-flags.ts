import type { FlagGroup } from '../../engine/flag-table.ts'

const HELP = 'Accepted for command lines of the Go webhook.'

/** The flags that klog gives the Go webhook, all but -v (k8s.io/klog/v2, InitFlags); it writes them with `_`. */
export const KLOG_FLAGS = {
  title: "Accepted and ignored: klog's flags, also with _ for -",
  isIgnored: true,
  flags: {
    addDirHeader: { kind: 'boolean', name: 'add-dir-header', help: HELP },
    alsoLogToStderr: { kind: 'boolean', name: 'alsologtostderr', help: HELP },
    logBacktraceAt: { kind: 'string', name: 'log-backtrace-at', help: HELP },
    logDir: { kind: 'string', name: 'log-dir', help: HELP },
    logFile: { kind: 'string', name: 'log-file', help: HELP },
    logFileMaxSize: { kind: 'string', name: 'log-file-max-size', help: HELP },
    logToStderr: { kind: 'boolean', name: 'logtostderr', help: HELP },
    oneOutput: { kind: 'boolean', name: 'one-output', help: HELP },
    skipHeaders: { kind: 'boolean', name: 'skip-headers', help: HELP },
    skipLogHeaders: { kind: 'boolean', name: 'skip-log-headers', help: HELP },
    stderrThreshold: { kind: 'string', name: 'stderrthreshold', help: HELP },
    vmodule: { kind: 'string', name: 'vmodule', help: HELP },
  },
} as const satisfies FlagGroup
