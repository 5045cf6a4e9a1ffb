const UNITS_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

const DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/

/** Go keeps durations in 64 bits. */
const MAX_DURATION_NS = 2 ** 63

/** Reads a duration as Go's time.ParseDuration, in nanoseconds; `undefined` where it is none, or is over 292 years. */
export function parseGoDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined
  const parts = [...text.matchAll(/(?<amount>[\d.]+)(?<unit>[a-zµμ]+)/g)]
  const sumNs = parts.reduce(
    (sum, { groups }) => sum + Number(groups?.['amount']) * (UNITS_NS[groups?.['unit'] ?? ''] ?? 0),
    0,
  )
  if (sumNs >= MAX_DURATION_NS) return undefined
  return text.startsWith('-') ? -sumNs : sumNs
}
