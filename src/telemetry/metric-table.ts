/** One metric: its name, kind, help and labels, as Prometheus shows them and docs/reference/metrics.md lists them. */
export type MetricDefinition = {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
} & (
  | { readonly kind: 'counter' | 'gauge' }
  | { readonly kind: 'histogram'; readonly buckets: readonly number[] }
)

/** 0.1 ms to 10 s: an answer from memory takes a fraction of a millisecond, a GET on a miss is bounded by a second. */
const DURATION_BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const

/**
 * Every metric of the webhook. The code creates its metrics from this table and the reference page is generated
 * from it. Names of namespaces, pods and ServiceAccounts never become labels.
 */
export const METRICS = {
  decisions: {
    kind: 'counter',
    name: 'pod_identity_webhook_decisions_total',
    help: 'Admission requests answered, by outcome, reason (docs/troubleshooting.md) and method of the identity.',
    labels: ['outcome', 'reason', 'method'],
  },
  warnings: {
    kind: 'counter',
    name: 'pod_identity_webhook_warnings_total',
    help: 'Warnings sent with admission responses, by code.',
    labels: ['warning'],
  },
  requestDuration: {
    kind: 'histogram',
    name: 'pod_identity_webhook_request_duration_seconds',
    help: 'Time from the last byte of an admission request to its answer, in seconds, by outcome.',
    labels: ['outcome'],
    buckets: DURATION_BUCKETS_SECONDS,
  },
  requestsInFlight: {
    kind: 'gauge',
    name: 'pod_identity_webhook_requests_in_flight',
    help: 'Admission requests that are being answered now.',
    labels: [],
  },
  accountLookups: {
    kind: 'counter',
    name: 'pod_identity_webhook_account_lookups_total',
    help: 'ServiceAccount lookups by result: fetched and absent (read from the API server after the review came); late, refused, paused, busy and failed (not to be had from there, so answered from memory: docs/configuration.md); memory (answered from the store, as cached does); unavailable (nothing is known).',
    labels: ['result'],
  },
  configMapLookups: {
    kind: 'counter',
    name: 'pod_identity_webhook_config_map_lookups_total',
    help: 'Lookups of what a ConfigMap says now, by source (config_map, container_credentials) and result, as for ServiceAccounts.',
    labels: ['source', 'result'],
  },
  lookupRequests: {
    kind: 'counter',
    name: 'pod_identity_webhook_lookup_requests_total',
    help: 'GETs that lookups sent to the API server, by resource.',
    labels: ['resource'],
  },
  lookupRequestsSaved: {
    kind: 'counter',
    name: 'pod_identity_webhook_lookup_requests_saved_total',
    help: 'Lookups that shared a GET which another had asked for, by resource.',
    labels: ['resource'],
  },
  accountLookupDuration: {
    kind: 'histogram',
    name: 'pod_identity_webhook_account_lookup_duration_seconds',
    help: 'Time that ServiceAccount lookups took that were not answered from memory, in seconds, by result.',
    labels: ['result'],
    buckets: DURATION_BUCKETS_SECONDS,
  },
  cachedAccounts: {
    kind: 'gauge',
    name: 'pod_identity_webhook_cached_accounts',
    help: 'ServiceAccounts in the store, by whether they have annotations of the webhook.',
    labels: ['annotated'],
  },
  watchAge: {
    kind: 'gauge',
    name: 'pod_identity_webhook_watch_age_seconds',
    help: 'Seconds since the watch of a resource was last heard of, bookmarks included.',
    labels: ['resource'],
  },
  watchLag: {
    kind: 'histogram',
    name: 'pod_identity_webhook_watch_lag_seconds',
    help: 'Time from a change of an object, by its managedFields and in whole seconds, to the arrival of its watch event, by resource.',
    labels: ['resource'],
    buckets: [1, 2, 5, 10, 30, 60, 300],
  },
  watchRestarts: {
    kind: 'counter',
    name: 'pod_identity_webhook_watch_restarts_total',
    help: 'Times that a watch was begun anew, by resource and cause: timeout (its ordinary end), closed, error, expired (410, followed by a new list), silent, unauthorized.',
    labels: ['resource', 'cause'],
  },
  watchConnected: {
    kind: 'gauge',
    name: 'pod_identity_webhook_watch_connected',
    help: '1 while the watch of a resource is connected, else 0.',
    labels: ['resource'],
  },
  configReloads: {
    kind: 'counter',
    name: 'pod_identity_webhook_config_reloads_total',
    help: 'Times that a source of configuration was read, by source (config_map, container_credentials, manifests) and result (success, failure).',
    labels: ['source', 'result'],
  },
  configBadEntries: {
    kind: 'gauge',
    name: 'pod_identity_webhook_config_bad_entries',
    help: 'Entries of a source of configuration that were left out because they are wrong, as of its last reading.',
    labels: ['source'],
  },
  certificateNotAfter: {
    kind: 'gauge',
    name: 'pod_identity_webhook_certificate_not_after_timestamp_seconds',
    help: 'End of the serving certificate’s validity, in seconds since 1970.',
    labels: [],
  },
  certificateReloads: {
    kind: 'counter',
    name: 'pod_identity_webhook_certificate_reloads_total',
    help: 'Times that the serving certificate was replaced (success) or that a new one was refused (failure).',
    labels: ['result'],
  },
  certificateAuthorityNotAfter: {
    kind: 'gauge',
    name: 'pod_identity_webhook_ca_not_after_timestamp_seconds',
    help: 'End of the validity of the certificate authority that signs now, in seconds since 1970; 0 where certificates come from files.',
    labels: [],
  },
  certificateAuthorityChanges: {
    kind: 'counter',
    name: 'pod_identity_webhook_ca_changes_total',
    help: 'Changes that this replica made to the authorities in the Secret, by cause: created, replaced (what was there could not be used), adopted (somebody else put it there), introduced, promoted (the two steps of a rotation), restored, retired (among the trusted).',
    labels: ['cause'],
  },
  caBundleRepairs: {
    kind: 'counter',
    name: 'pod_identity_webhook_ca_bundle_repairs_total',
    help: 'Times that this replica set the caBundle of the webhook configuration, because it differed from the Secret.',
    labels: [],
  },
  ready: {
    kind: 'gauge',
    name: 'pod_identity_webhook_ready',
    help: '1 while /readyz answers 200, else 0.',
    labels: [],
  },
  buildInfo: {
    kind: 'gauge',
    name: 'pod_identity_webhook_build_info',
    help: 'Always 1; the labels say what is running.',
    labels: ['version', 'node_version'],
  },
  podCount: {
    kind: 'counter',
    name: 'pod_identity_webhook_pod_count',
    help: 'Pods given an identity, by method (sts_web_identity, container_credentials). Kept for dashboards made for the Go webhook.',
    labels: ['method'],
  },
  httpRequestCount: {
    kind: 'counter',
    name: 'http_request_count',
    help: 'HTTPS requests by verb, path and status code. Kept for dashboards made for the Go webhook.',
    labels: ['verb', 'path', 'code'],
  },
} as const satisfies Record<string, MetricDefinition>

export type MetricTable = typeof METRICS
