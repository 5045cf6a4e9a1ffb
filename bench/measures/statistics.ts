/** The middle value, or the mean of the two in the middle; NaN for an empty list. */
export function findMedian(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (lower + upper) / 2
}

/** The value that so many percent of all do not exceed, by nearest rank; NaN for an empty list. */
export function findPercentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(Math.ceil((sorted.length * percent) / 100) - 1, 0)] ?? Number.NaN
}

/** A point of a series: seconds since its start, and the value then. */
export interface TimedValue {
  readonly seconds: number
  readonly value: number
}

/** The slope, per second, of the least-squares line through the points; 0 where they do not span any time. */
export function fitSlope(points: readonly TimedValue[]): number {
  const meanSeconds = findMean(points.map((point) => point.seconds))
  const meanValue = findMean(points.map((point) => point.value))
  const covariance = points.reduce((sum, p) => sum + (p.seconds - meanSeconds) * (p.value - meanValue), 0)
  const variance = points.reduce((sum, p) => sum + (p.seconds - meanSeconds) ** 2, 0)
  return variance === 0 ? 0 : covariance / variance
}

function findMean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
