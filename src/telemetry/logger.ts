import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'

/** The structured logger that every part is handed. */
export type Logger = PinoLogger

/** How a log line is written. */
export type LogFormat = 'json' | 'pretty'

/** The names that `--log-level` takes, the quietest first. */
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/**
 * Builds the process's one logger.
 *
 * Lines of one turn of the event loop go out in one write, since a write costs more than all else about a line (8 of
 * 14 µs on a pipe); those of the last turn when the process exits. `pretty` lines are coloured when `colorize` is set.
 */
export async function createLogger(options: {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly colorize?: boolean
  readonly destination?: DestinationStream
}): Promise<Logger> {
  const { level, format, colorize = false, destination } = options
  const settings = {
    level,
    base: null,
    timestamp: createTimestamp(),
    formatters: { level: (label: string) => ({ level: label }) },
  }
  if (format === 'json') return pino(settings, destination ?? writeOncePerTurn())
  const { default: pretty } = await import('pino-pretty')
  return pino(
    settings,
    pretty({ colorize, sync: true, destination: destination ?? 1, ignore: 'pid,hostname' }),
  )
}

function writeOncePerTurn(): DestinationStream {
  const stdout = pino.destination({ dest: 1, sync: true })
  let lines = ''
  const flush = () => {
    const written = lines
    lines = ''
    if (written !== '') stdout.write(written)
  }
  process.once('exit', flush)
  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += line
    },
  }
}

/** Writes a line that is JSON, its line end included, where the logger writes its own. */
export function openLines(logger: Logger): (line: string) => void {
  // pino publishes the key of its stream, and has no method for this.
  const { [pino.symbols.streamSym]: stream } = logger as unknown as Readonly<
    Record<symbol, DestinationStream>
  >
  if (stream === undefined) throw new Error('this logger has no stream')
  return (line) => stream.write(line)
}

/** Makes the member `time` of a line, with the comma before it. Many lines are of one millisecond; its text is made once. */
export function createTimestamp(): () => string {
  let lastMs = 0
  let text = ''
  return () => {
    const nowMs = Date.now()
    if (nowMs !== lastMs) {
      lastMs = nowMs
      text = `,"time":"${new Date(nowMs).toISOString()}"`
    }
    return text
  }
}
