import {
  failOpenOf,
  forReplicas,
  listTroubles,
  PASSWORD_EXPIRY,
  PULL_SECRETS_BEHIND,
  rejectionOf,
  SYNC_SUCCESS,
  seriesOf,
} from './alert-series.ts'

/** What happens, and which alert must fire of it when; samples are a minute apart, from the start. */
export interface AlertCase {
  readonly alert: string
  /** Series that differ from the healthy ones, or that these lack, in promtool's notation. */
  readonly series: Readonly<Record<string, string>>
  /** When it must not fire yet. */
  readonly silentAt: string
  readonly firesAt: string
  /** Alerts that fire at both times, and should. */
  readonly alongside?: readonly string[]
}

export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: 'PodIdentityWebhookNotScraped',
    series: forReplicas('up', '1x10 0x110'),
    silentAt: '15m',
    firesAt: '16m',
  },
  {
    alert: 'PodIdentityWebhookReplicaNotScraped',
    series: { [seriesOf('up', 'b')]: '1x10 0x110' },
    silentAt: '25m',
    firesAt: '26m',
  },
  {
    alert: 'PodIdentityWebhookNotReady',
    series: forReplicas('pod_identity_webhook_ready', '1x10 0x110'),
    silentAt: '13m',
    firesAt: '14m',
  },
  {
    alert: 'PodIdentityWebhookReplicaNotReady',
    series: { [seriesOf('pod_identity_webhook_ready', 'b')]: '1x10 0x110' },
    silentAt: '20m',
    firesAt: '21m',
  },
  {
    alert: 'PodIdentityWebhookRestarts',
    series: { [seriesOf('process_start_time_seconds', 'b')]: '0x10 100 200 300 400x107' },
    silentAt: '13m',
    firesAt: '14m',
  },
  {
    alert: 'PodIdentityWebhookSkipped',
    series: { [failOpenOf('pod-identity-webhook.amazonaws.com')]: '_x10 1x110' },
    silentAt: '9m',
    firesAt: '10m',
  },
  {
    alert: 'PodIdentityWebhookUnreachable',
    series: { [failOpenOf('pod-identity-webhook.amazonaws.com')]: '0x10 2+2x110' },
    silentAt: '20m',
    firesAt: '21m',
    alongside: ['PodIdentityWebhookSkipped'],
  },
  {
    alert: 'PodIdentityWebhookRefusesPods',
    series: { [rejectionOf('required-namespace.pod-identity-webhook.amazonaws.com')]: '_x10 1+1x110' },
    silentAt: '11m',
    firesAt: '12m',
  },
  {
    alert: 'PodIdentityWebhookRequestsFail',
    // 10 of 130 a minute: 7.7 %.
    series: {
      [seriesOf('pod_identity_webhook_decisions_total', 'a', 'outcome="failed", reason="pod_malformed"')]:
        '0x10 10+10x110',
    },
    silentAt: '15m',
    firesAt: '20m',
  },
  {
    alert: 'PodIdentityWebhookInternalError',
    series: {
      [seriesOf('pod_identity_webhook_decisions_total', 'a', 'outcome="failed", reason="internal_error"')]:
        '_x10 1x110',
    },
    silentAt: '9m',
    firesAt: '10m',
  },
  {
    alert: 'PodIdentityWebhookSlow',
    // One of ten takes between 1 and 2.5 seconds, from the tenth minute on.
    series: {
      ...forReplicas(
        'pod_identity_webhook_request_duration_seconds_bucket',
        '0+60x10 654+54x110',
        'le="0.001"',
      ),
      ...forReplicas('pod_identity_webhook_request_duration_seconds_bucket', '0+60x10 654+54x110', 'le="1"'),
    },
    silentAt: '20m',
    firesAt: '21m',
  },
  {
    alert: 'PodIdentityWebhookLookupsFail',
    series: {
      [seriesOf('pod_identity_webhook_account_lookups_total', 'b', 'result="unavailable"')]: '_x10 1x110',
    },
    silentAt: '9m',
    firesAt: '10m',
  },
  {
    alert: 'PodIdentityWebhookAnswersFromMemory',
    series: {
      [seriesOf('pod_identity_webhook_account_lookups_total', 'b', 'result="late"')]: '0x30 10+10x80',
    },
    silentAt: '44m',
    firesAt: '50m',
  },
  {
    alert: 'PodIdentityWebhookAnswersFromMemory',
    series: {
      [seriesOf(
        'pod_identity_webhook_config_map_lookups_total',
        'a',
        'source="config_map", result="failed"',
      )]: '0x30 60+60x80',
    },
    silentAt: '40m',
    firesAt: '45m',
  },
  {
    alert: 'PodIdentityWebhookWatchStale',
    series: {
      [seriesOf('pod_identity_webhook_watch_age_seconds', 'b', 'resource="configmaps"')]: '0+60x120',
    },
    silentAt: '10m',
    firesAt: '11m',
  },
  {
    alert: 'PodIdentityWebhookCertificateEndsSoon',
    // In seven days and twenty minutes.
    series: { [seriesOf('pod_identity_webhook_certificate_not_after_timestamp_seconds', 'b')]: '606000x120' },
    silentAt: '30m',
    firesAt: '31m',
  },
  {
    alert: 'PodIdentityWebhookCertificateEnds',
    // In a day and twenty minutes.
    series: { [seriesOf('pod_identity_webhook_certificate_not_after_timestamp_seconds', 'b')]: '87600x120' },
    silentAt: '20m',
    firesAt: '21m',
    alongside: ['PodIdentityWebhookCertificateEndsSoon'],
  },
  {
    alert: 'PodIdentityWebhookCertificateRefused',
    series: {
      [seriesOf('pod_identity_webhook_certificate_reloads_total', 'b', 'result="failure"')]: '_x10 1x110',
    },
    silentAt: '14m',
    firesAt: '15m',
  },
  {
    alert: 'PodIdentityWebhookAuthorityEndsSoon',
    // In thirty days and twenty minutes.
    series: forReplicas('pod_identity_webhook_ca_not_after_timestamp_seconds', '2593200x120'),
    silentAt: '80m',
    firesAt: '81m',
  },
  {
    alert: 'PodIdentityWebhookAuthorityReplaced',
    series: { [seriesOf('pod_identity_webhook_ca_changes_total', 'b', 'cause="replaced"')]: '_x10 1x110' },
    silentAt: '9m',
    firesAt: '10m',
  },
  {
    alert: 'PodIdentityWebhookBundleContested',
    series: forReplicas('pod_identity_webhook_ca_bundle_repairs_total', '0x10 1+1x110'),
    silentAt: '12m',
    firesAt: '16m',
  },
  {
    alert: 'PodIdentityWebhookBadEntries',
    series: {
      [seriesOf('pod_identity_webhook_config_bad_entries', 'b', 'source="config_map"')]: '0x10 1x110',
    },
    silentAt: '15m',
    firesAt: '16m',
  },
  {
    alert: 'PodIdentityWebhookConfigurationRefused',
    series: {
      [seriesOf('pod_identity_webhook_config_reloads_total', 'b', 'source="config_map", result="failure"')]:
        '_x10 1x110',
    },
    silentAt: '14m',
    firesAt: '15m',
  },
  {
    alert: 'PodIdentityWebhookPullSecretsExpire',
    // Twelve hours from the start on, and never renewed.
    series: { [PASSWORD_EXPIRY]: '10800x120' },
    silentAt: '65m',
    firesAt: '66m',
  },
  {
    alert: 'PodIdentityWebhookPullSecretsBehind',
    series: { [PULL_SECRETS_BEHIND]: '0x10 3x110' },
    silentAt: '25m',
    firesAt: '26m',
  },
  {
    alert: 'PodIdentityWebhookAuditMissed',
    series: { 'pod_identity_webhook_audit_findings{job="node-exporter", finding="missed"}': '0x5 2x200' },
    silentAt: '120m',
    firesAt: '126m',
  },
  {
    alert: 'PodIdentityWebhookIssuerStale',
    series: { [SYNC_SUCCESS]: '0+60x10 600x110' },
    silentAt: '45m',
    firesAt: '46m',
  },
]

/** What looks like trouble and is none: what happens, and when no alert may fire. */
export const SILENT_CASES: readonly {
  readonly name: string
  readonly series: Readonly<Record<string, string>>
  readonly at: readonly string[]
}[] = [
  { name: 'all is well', series: {}, at: ['1m', '30m', '60m', '120m'] },
  {
    name: 'where certificates come from files there is no authority, and none at first',
    series: {
      ...forReplicas('pod_identity_webhook_certificate_not_after_timestamp_seconds', '0x2 2592000x118'),
      ...forReplicas('pod_identity_webhook_ca_not_after_timestamp_seconds', '0x120'),
    },
    at: ['1m', '120m'],
  },
  {
    name: 'a replica restarts, and is unready until it has read everything',
    series: {
      [seriesOf('up', 'b')]: '1x10 0x2 1x108',
      [seriesOf('pod_identity_webhook_ready', 'b')]: '1x10 _x2 0x2 1x106',
      [seriesOf('process_start_time_seconds', 'b')]: '0x10 _x2 720x108',
    },
    at: ['12m', '15m', '30m'],
  },
  { name: 'what went wrong an hour ago', series: listTroubles('_x10 5x110'), at: ['71m', '120m'] },
  {
    name: 'oidc sync starts anew, beside what is still known of the one before',
    series: {
      [SYNC_SUCCESS]: '0+60x10 600x4 _x106',
      [SYNC_SUCCESS.replace('pod="a"', 'pod="b"')]: '_x10 0x2 720+60x108',
    },
    at: ['12m', '20m', '120m'],
  },
  {
    name: 'one request in ten takes up to a second',
    series: forReplicas('pod_identity_webhook_request_duration_seconds_bucket', '0+54x120', 'le="0.001"'),
    at: ['30m', '120m'],
  },
  {
    name: 'one request in thirty fails',
    series: {
      [seriesOf('pod_identity_webhook_decisions_total', 'a', 'outcome="failed", reason="review_invalid"')]:
        '0+4x120',
    },
    at: ['30m', '120m'],
  },
]
