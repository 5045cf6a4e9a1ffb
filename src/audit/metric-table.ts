import type { MetricDefinition } from '../telemetry/metric-table.ts'

/** Every metric of `audit --metrics-file`. Neither namespaces nor pods become labels. */
export const AUDIT_METRICS = {
  findings: {
    kind: 'gauge',
    name: 'pod_identity_webhook_audit_findings',
    help: 'What the last audit found, by finding: pods, or ServiceAccounts where the finding is about those; 0 where it found none.',
    labels: ['finding'],
  },
  pods: {
    kind: 'gauge',
    name: 'pod_identity_webhook_audit_pods',
    help: 'How many pods the last audit looked at.',
    labels: [],
  },
  finishedAt: {
    kind: 'gauge',
    name: 'pod_identity_webhook_audit_timestamp_seconds',
    help: 'When the last audit ended, in seconds since 1970.',
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>
