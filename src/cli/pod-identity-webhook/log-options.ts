import type { LogFormat, LogLevel } from '../../telemetry/logger.ts'
import type { FlagValues } from '../engine/flag-table.ts'
import type { LOGGING_FLAGS } from './flags/logging-flags.ts'

/** What is logged, and how. */
export interface LogOptions {
  readonly level: LogLevel
  readonly format: LogFormat
}

/** Turns the logging flags into options; a terminal gets lines for people. */
export function toLogOptions(
  { level, format, verbosity }: FlagValues<typeof LOGGING_FLAGS.flags>,
  { isTerminal }: { readonly isTerminal: boolean },
): LogOptions {
  return {
    level: level ?? toLogLevel(verbosity),
    format: format ?? (isTerminal ? 'pretty' : 'json'),
  }
}

/** Go programs on Kubernetes log requests from -v=4 on and bodies from -v=6 on; less tells what happens anyway. */
function toLogLevel(verbosity: number): LogLevel {
  if (verbosity >= 6) return 'trace'
  return verbosity >= 4 ? 'debug' : 'info'
}
