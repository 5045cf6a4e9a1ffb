import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { METRICS, type MetricDefinition, type MetricTable } from './metric-table.ts'

type MetricFor<D extends MetricDefinition> = D['kind'] extends 'counter'
  ? Counter<D['labels'][number]>
  : D['kind'] extends 'gauge'
    ? Gauge<D['labels'][number]>
    : Histogram<D['labels'][number]>

/** The metrics of the table, by their keys, and the registry that they are in. */
export type Metrics = { readonly [K in keyof MetricTable]: MetricFor<MetricTable[K]> } & {
  readonly registry: Registry
}

/** Creates the metrics in a registry of their own; `collectNodeMetrics` adds Node's default metrics. */
export function createMetrics(options: { readonly collectNodeMetrics: boolean }): Metrics {
  const registry = new Registry()
  const entries = Object.entries(METRICS).map(([key, definition]) => [
    key,
    createMetric(definition, registry),
  ])
  if (options.collectNodeMetrics) collectDefaultMetrics({ register: registry })
  return Object.assign(Object.fromEntries(entries), { registry }) as Metrics
}

function createMetric(definition: MetricDefinition, registry: Registry) {
  const options = {
    name: definition.name,
    help: definition.help,
    labelNames: [...definition.labels],
    registers: [registry],
  }
  switch (definition.kind) {
    case 'counter':
      return new Counter(options)
    case 'gauge':
      return new Gauge(options)
    case 'histogram':
      return new Histogram({ ...options, buckets: [...definition.buckets] })
  }
}
