const MILLISECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5, micro sign
  μs: 1e-3, // U+03BC, Greek mu: Go takes both
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

const DURATION = /^\+?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const PART = /(\d+(?:\.\d*)?|\.\d+)([a-zµμ]+)/g

/** Node runs a timer at once whose delay is over 2^31 - 1 ms, which is 24.8 days. */
export const LONGEST_TIMER_MS = 24 * 24 * 3_600_000

/**
 * Reads a duration as Go's time.ParseDuration does, in milliseconds: `100ms`, `1s`, `1h30m`, `0`.
 *
 * `undefined` where it cannot be read, is negative, or is over `maxMs`, 24 days unless said otherwise.
 */
export function parseDurationMs(text: string, maxMs = LONGEST_TIMER_MS): number | undefined {
  if (!DURATION.test(text)) return undefined
  let totalMs = 0
  for (const [, count, unit = ''] of text.matchAll(PART)) {
    totalMs += Number(count) * (MILLISECONDS_PER_UNIT[unit] ?? Number.NaN)
  }
  return totalMs <= maxMs ? totalMs : undefined
}
