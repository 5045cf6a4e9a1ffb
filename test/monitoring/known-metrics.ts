import { FINDINGS } from '../../src/audit/findings.ts'
import { AUDIT_METRICS } from '../../src/audit/metric-table.ts'
import { PULL_SECRET_METRICS } from '../../src/ecr/pull-secrets/metric-table.ts'
import { SYNC_METRICS } from '../../src/oidc/sync/metric-table.ts'
import { METRICS, type MetricDefinition } from '../../src/telemetry/metric-table.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { REASONS } from '../../src/webhook/identity/reasons.ts'
import { WARNINGS } from '../../src/webhook/identity/warnings.ts'

/** What an expression may say of a metric. */
export interface KnownMetric {
  /** Whether it only grows, so that `rate` and `increase` of it make sense. */
  readonly isCounter: boolean
  readonly labels: ReadonlySet<string>
  /** Values that its own labels are known to take; without it, any. */
  readonly values?: ReadonlySet<string>
}

/** What the Prometheus Operator gives every series of a ServiceMonitor; a PodMonitor's lack `service`. */
export const TARGET_LABELS = ['job', 'namespace', 'service', 'pod', 'container', 'endpoint', 'instance']

/**
 * Metrics of kube-apiserver, which are nobody's stable API but kube-apiserver's own: k8s.io/apiserver,
 * pkg/admission/metrics/metrics.go.
 */
export const API_SERVER_METRICS = [
  {
    kind: 'counter',
    name: 'apiserver_admission_webhook_fail_open_count',
    labels: ['name', 'type'],
  },
  {
    kind: 'counter',
    name: 'apiserver_admission_webhook_rejection_count',
    labels: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
  },
  {
    kind: 'histogram',
    name: 'apiserver_admission_webhook_admission_duration_seconds',
    labels: ['name', 'type', 'operation', 'rejected'],
  },
] as const

/** Every metric that the dashboard and the alerts may name: ours, Node's, the API server's, and `up`. */
export function listKnownMetrics(): ReadonlyMap<string, KnownMetric> {
  const ours = [
    ...Object.values<MetricDefinition>(METRICS),
    ...Object.values<MetricDefinition>(SYNC_METRICS),
    ...Object.values<MetricDefinition>(PULL_SECRET_METRICS),
    ...Object.values<MetricDefinition>(AUDIT_METRICS),
  ].map((metric) => ({
    ...metric,
    values: new Set([...codes(), ...(metric.help.match(/\w+/g) ?? [])]),
  }))
  const names = new Set(ours.map(({ name }) => name))
  const ofNode = createMetrics({ collectNodeMetrics: true })
    .registry.getMetricsAsArray()
    .filter(({ name }) => !names.has(name))
    .map((metric) => ({ kind: kindOf(metric), name: metric.name, labels: labelsOf(metric) }))
  const up = { kind: 'gauge', name: 'up', labels: [] } as const
  return new Map([...ours, ...ofNode, ...API_SERVER_METRICS, up].flatMap(toSeries))
}

/** Reasons, outcomes and warnings; other labels list their values in the help of their metric. */
function codes(): readonly string[] {
  const outcomes = Object.values(REASONS).map(({ outcome }) => outcome)
  return [...Object.keys(REASONS), ...outcomes, ...Object.keys(WARNINGS), ...Object.keys(FINDINGS)]
}

function toSeries(metric: {
  readonly kind: string
  readonly name: string
  readonly labels: readonly string[]
  readonly values?: ReadonlySet<string>
}): [string, KnownMetric][] {
  const { kind, name, values } = metric
  const know = (isCounter: boolean, ...more: string[]): KnownMetric => ({
    isCounter,
    labels: new Set([...TARGET_LABELS, ...metric.labels, ...more]),
    ...(values && { values }),
  })
  if (kind !== 'histogram') return [[name, know(kind === 'counter')]]
  return [
    [`${name}_bucket`, know(true, 'le')],
    [`${name}_sum`, know(true)],
    [`${name}_count`, know(true)],
  ]
}

/** prom-client's types leave out what its metrics carry. */
function kindOf(metric: object): string {
  return 'type' in metric && typeof metric.type === 'string'
    ? metric.type
    : metric.constructor.name.toLowerCase()
}

function labelsOf(metric: object): readonly string[] {
  return 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : []
}
