import { createLogger, type Logger } from '../../src/telemetry/logger.ts'

/** A log line as a reader of the log sees it. */
export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

/** A real logger that keeps its lines. */
export async function createRecordedLog(): Promise<{ readonly logger: Logger; readonly lines: LogLine[] }> {
  const lines: LogLine[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  return { logger: await createLogger({ level: 'trace', format: 'json', destination }), lines }
}
