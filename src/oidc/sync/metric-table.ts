import type { MetricDefinition } from '../../telemetry/metric-table.ts'

/** Every metric of `oidc sync`. Neither buckets nor issuers nor kids become labels. */
export const SYNC_METRICS = {
  rounds: {
    kind: 'counter',
    name: 'pod_identity_webhook_oidc_sync_rounds_total',
    help: 'Looks at the cluster and the bucket, by result: success, or failure, after which the next one comes sooner.',
    labels: ['result'],
  },
  changes: {
    kind: 'counter',
    name: 'pod_identity_webhook_oidc_sync_changes_total',
    help: 'Changes made to the bucket and its objects.',
    labels: [],
  },
  keys: {
    kind: 'gauge',
    name: 'pod_identity_webhook_oidc_sync_keys',
    help: 'Published keys, by state: current (the cluster has them), retiring (it has them no more).',
    labels: ['state'],
  },
  lastSuccess: {
    kind: 'gauge',
    name: 'pod_identity_webhook_oidc_sync_last_success_timestamp_seconds',
    help: 'When the bucket was last as it should be, in seconds since 1970; 0 before the first time.',
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>
