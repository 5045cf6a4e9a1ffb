import type { MetricDefinition } from '../../telemetry/metric-table.ts'

/** Every metric of `pull-secrets`. Registries are those of its flags; namespaces never become labels. */
export const PULL_SECRET_METRICS = {
  secrets: {
    kind: 'gauge',
    name: 'ecr_pull_secrets',
    help: 'Secrets by state: current, behind (being written, or that could not be), foreign (somebody else has one of that name).',
    labels: ['state'],
  },
  writes: {
    kind: 'counter',
    name: 'ecr_pull_secrets_writes_total',
    help: 'Secrets and ServiceAccounts written, by operation (create, update, delete, patch_account) and result.',
    labels: ['operation', 'result'],
  },
  requests: {
    kind: 'counter',
    name: 'ecr_pull_secrets_password_requests_total',
    help: 'Passwords asked of ECR, by registry and result.',
    labels: ['registry', 'result'],
  },
  expiry: {
    kind: 'gauge',
    name: 'ecr_pull_secrets_password_expiry_timestamp_seconds',
    help: 'When the password of a registry ends, in seconds since 1970.',
    labels: ['registry'],
  },
  oldestAge: {
    kind: 'gauge',
    name: 'ecr_pull_secrets_oldest_password_age_seconds',
    help: 'How long ago the oldest password that Secrets hold was had.',
    labels: [],
  },
  leader: {
    kind: 'gauge',
    name: 'ecr_pull_secrets_leader',
    help: '1 on the replica that writes, 0 on one that waits for the Lease.',
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>
