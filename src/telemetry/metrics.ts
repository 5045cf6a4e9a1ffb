import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { METRICS, type MetricDefinition, type MetricTable } from './metric-table.ts'

type MetricFor<D extends MetricDefinition> = D['kind'] extends 'counter'
  ? Counter<D['labels'][number]>
  : D['kind'] extends 'gauge'
    ? Gauge<D['labels'][number]>
    : Histogram<D['labels'][number]>

/** The metrics of a table, by their keys, and the registry that they are in. */
export type MetricsOf<T extends Readonly<Record<string, MetricDefinition>>> = {
  readonly [K in keyof T]: MetricFor<T[K]>
} & { readonly registry: Registry }

/** The webhook's metrics. */
export type Metrics = MetricsOf<MetricTable>

/** Creates the webhook's metrics in a registry of their own; `collectNodeMetrics` adds Node's default metrics. */
export function createMetrics(options: { readonly collectNodeMetrics: boolean }): Metrics {
  return createMetricsOf(METRICS, options)
}

/** Creates the metrics of a table in a registry of their own. */
export function createMetricsOf<T extends Readonly<Record<string, MetricDefinition>>>(
  table: T,
  options: { readonly collectNodeMetrics: boolean },
): MetricsOf<T> {
  const registry = new Registry()
  const entries = Object.entries(table).map(([key, definition]) => [key, createMetric(definition, registry)])
  if (options.collectNodeMetrics) collectDefaultMetrics({ register: registry })
  return Object.assign(Object.fromEntries(entries), { registry }) as MetricsOf<T>
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
