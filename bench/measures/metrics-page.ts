import { fetchText } from '../load/https-client.ts'

/** Reads a page of metrics in Prometheus' text format. */
export async function fetchMetrics(url: string): Promise<string> {
  const { body } = await fetchText(url)
  return body
}

/** The value of one series, such as `requests_total{code="200"}`; 0 where the page does not have it. */
export function readSeries(page: string, series: string): number {
  const line = page.split('\n').find((candidate) => candidate.startsWith(`${series} `))
  return line === undefined ? 0 : Number(line.slice(series.length + 1).split(' ')[0])
}
