import type { LogFormat, LogLevel } from '../../../telemetry/logger.ts'
import type { FlagGroup } from '../../engine/flag-table.ts'

/** What is logged, and how. The levels are written out because the logger costs 30 ms to load, and --help needs none. */
export const LOGGING_FLAGS = {
  title: 'Logging',
  flags: {
    level: {
      kind: 'enum',
      name: 'log-level',
      placeholder: 'LEVEL',
      values: ['silent', 'error', 'warn', 'info', 'debug', 'trace'] satisfies LogLevel[],
      help: 'silent, error, warn, info, debug or trace. Without it, -v decides.',
    },
    format: {
      kind: 'enum',
      name: 'log-format',
      values: ['json', 'pretty'] satisfies LogFormat[],
      help: 'Format of log lines. By default pretty on a terminal, json otherwise.',
    },
    verbosity: {
      kind: 'integer',
      name: 'v',
      short: 'v',
      default: 0,
      help: 'Log level as klog counts it: 4 and more is debug, 6 and more is trace, less is info.',
    },
  },
} as const satisfies FlagGroup
