/** When the one pod of `oidc sync` last succeeded. */
export const SYNC_SUCCESS =
  'pod_identity_webhook_oidc_sync_last_success_timestamp_seconds{job="pod-identity-webhook-oidc-sync", namespace="eks", pod="a"}'

const PULL_SECRETS = 'job="pod-identity-webhook-ecr-pull-secrets", namespace="eks", pod="a"'

/** When a password of pull-secrets ends. */
export const PASSWORD_EXPIRY = `ecr_pull_secrets_password_expiry_timestamp_seconds{${PULL_SECRETS}, registry="public.ecr.aws"}`

export const PULL_SECRETS_BEHIND = `ecr_pull_secrets{${PULL_SECRETS}, state="behind"}`

/** Two replicas that are well, beside somebody else's webhook that is not: no alert fires. */
export const HEALTHY_SERIES: Readonly<Record<string, string>> = {
  ...forReplicas('up', '1x120'),
  ...forReplicas('process_start_time_seconds', '0x120'),
  ...forReplicas('pod_identity_webhook_ready', '1x120'),
  ...forReplicas(
    'pod_identity_webhook_decisions_total',
    '0+60x120',
    'outcome="mutated", reason="role_annotation"',
  ),
  ...forReplicas('pod_identity_webhook_request_duration_seconds_bucket', '0+60x120', 'le="0.001"'),
  ...forReplicas('pod_identity_webhook_request_duration_seconds_bucket', '0+60x120', 'le="1"'),
  ...forReplicas('pod_identity_webhook_request_duration_seconds_bucket', '0+60x120', 'le="2.5"'),
  ...forReplicas('pod_identity_webhook_request_duration_seconds_bucket', '0+60x120', 'le="+Inf"'),
  ...forReplicas('pod_identity_webhook_account_lookups_total', '0+60x120', 'result="fetched"'),
  // Now and then an answer is late.
  ...forReplicas('pod_identity_webhook_account_lookups_total', '0+1x120', 'result="late"'),
  ...forReplicas(
    'pod_identity_webhook_config_map_lookups_total',
    '0+60x120',
    'source="config_map", result="fetched"',
  ),
  ...forReplicas('pod_identity_webhook_watch_age_seconds', '60x120', 'resource="serviceaccounts"'),
  ...forReplicas('pod_identity_webhook_config_bad_entries', '0x120', 'source="config_map"'),
  ...forReplicas(
    'pod_identity_webhook_config_reloads_total',
    '1+1x120',
    'source="config_map", result="success"',
  ),
  ...forReplicas('pod_identity_webhook_certificate_not_after_timestamp_seconds', '2592000x120'),
  ...forReplicas('pod_identity_webhook_certificate_reloads_total', '1+1x120', 'result="success"'),
  ...forReplicas('pod_identity_webhook_ca_not_after_timestamp_seconds', '31536000x120'),
  ...forReplicas('pod_identity_webhook_ca_changes_total', '1+1x120', 'cause="created"'),
  // A rotation, done by one replica.
  ...forReplicas('pod_identity_webhook_ca_bundle_repairs_total', '0x30 1x10 2x10 3x70'),
  [SYNC_SUCCESS]: '0+60x120',
  [PASSWORD_EXPIRY]: '43200x120',
  [PULL_SECRETS_BEHIND]: '0x120',
  'up{job="somebody-elses", namespace="other", pod="a"}': '1x120',
  'up{job="somebody-elses", namespace="other", pod="b"}': '0x120',
  'process_start_time_seconds{job="somebody-elses", namespace="other", pod="b"}': '0+60x120',
  // What counts trouble may be there from the start, at 0, or appear with it.
  ...listTroubles('_x5 0x115'),
  [failOpenOf('somebody-elses.example.com')]: '0+5x120',
  [rejectionOf('somebody-elses.example.com')]: '0+5x120',
}

/** Counters of what an alert wants to know at its first time. */
export function listTroubles(values: string): Readonly<Record<string, string>> {
  return {
    [failOpenOf('pod-identity-webhook.amazonaws.com')]: values,
    [rejectionOf('required-namespace.pod-identity-webhook.amazonaws.com')]: values,
    [seriesOf('pod_identity_webhook_decisions_total', 'a', 'outcome="failed", reason="internal_error"')]:
      values,
    [seriesOf('pod_identity_webhook_account_lookups_total', 'b', 'result="unavailable"')]: values,
    [seriesOf('pod_identity_webhook_certificate_reloads_total', 'b', 'result="failure"')]: values,
    [seriesOf('pod_identity_webhook_ca_changes_total', 'b', 'cause="replaced"')]: values,
    [seriesOf('pod_identity_webhook_config_reloads_total', 'b', 'source="config_map", result="failure"')]:
      values,
  }
}

/** The same values for both replicas. */
export function forReplicas(metric: string, values: string, labels = ''): Readonly<Record<string, string>> {
  return { [seriesOf(metric, 'a', labels)]: values, [seriesOf(metric, 'b', labels)]: values }
}

/** The series of a metric of one replica. */
export function seriesOf(metric: string, replica: string, labels = ''): string {
  return `${metric}{job="pod-identity-webhook", namespace="eks", pod="${replica}"${labels && `, ${labels}`}}`
}

/** Pods that an API server admitted because a webhook did not answer. */
export function failOpenOf(webhook: string): string {
  return `apiserver_admission_webhook_fail_open_count{job="apiserver", name="${webhook}", type="admit"}`
}

/** Pods that an API server refused because a webhook did not answer. */
export function rejectionOf(webhook: string): string {
  const labels = 'type="admit", operation="CREATE", error_type="calling_webhook_error", rejection_code="500"'
  return `apiserver_admission_webhook_rejection_count{job="apiserver", name="${webhook}", ${labels}}`
}
