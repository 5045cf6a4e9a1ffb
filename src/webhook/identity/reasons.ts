/** What became of a request. */
export type Outcome = 'mutated' | 'unchanged' | 'not_applicable' | 'failed'

/**
 * Why a request was answered as it was, one code each: what it means for people, and what to do where something
 * should be done. The table feeds log lines, metrics, audit annotations, `inject` and docs/troubleshooting.md.
 */
export const REASONS = {
  role_annotation: {
    outcome: 'mutated',
    sentence: 'the ServiceAccount is annotated with a role',
    remedy: undefined,
  },
  role_mapping: {
    outcome: 'mutated',
    sentence: 'the ConfigMap pod-identity-webhook maps the ServiceAccount to a role',
    remedy: undefined,
  },
  container_credentials: {
    outcome: 'mutated',
    sentence: 'the container credentials list names the ServiceAccount',
    remedy: undefined,
  },
  already_injected: {
    outcome: 'unchanged',
    sentence: 'the pod has all of its credentials already',
    remedy: undefined,
  },
  injected_by_policy: {
    outcome: 'unchanged',
    sentence: 'the policy in the API server gave the pod its credentials',
    remedy: undefined,
  },
  policy_put_right: {
    outcome: 'mutated',
    sentence:
      'the policy in the API server did not know the newest state of the ServiceAccount, and what it added was put right',
    remedy: undefined,
  },
  policy_taken_out: {
    outcome: 'mutated',
    sentence:
      'the policy in the API server did not know yet that the ServiceAccount has no role, and what it added was taken out',
    remedy:
      'annotate the ServiceAccount with role-arn, if its pods should have one, and create the pod again',
  },
  no_role: {
    outcome: 'not_applicable',
    sentence: 'the ServiceAccount has no role',
    remedy: 'annotate the ServiceAccount with role-arn and create the pod again',
  },
  account_not_found: {
    outcome: 'not_applicable',
    sentence: 'there is no such ServiceAccount',
    remedy: 'create the ServiceAccount, or correct spec.serviceAccountName',
  },
  no_service_account: {
    outcome: 'not_applicable',
    sentence: 'the pod names no ServiceAccount',
    remedy: 'enable the ServiceAccount admission plugin of the API server, or set spec.serviceAccountName',
  },
  opted_out: {
    outcome: 'not_applicable',
    sentence: 'the pod carries the label that keeps it out',
    remedy: 'remove the label eks.amazonaws.com/skip-pod-identity-webhook',
  },
  mirror_pod: {
    outcome: 'not_applicable',
    sentence: 'the pod mirrors a static pod, which can use no ServiceAccount',
    remedy: 'run it as a Deployment or a DaemonSet',
  },
  not_a_creation: {
    outcome: 'not_applicable',
    sentence: 'the request neither creates a pod nor adds ephemeral containers to one',
    remedy: 'register the webhook for CREATE of pods and, if wanted, UPDATE of pods/ephemeralcontainers',
  },
  no_token_volume: {
    outcome: 'not_applicable',
    sentence: 'the pod has no token volume that an ephemeral container could mount',
    remedy: 'create the pod again, so that it gets one',
  },
  lookup_failed: {
    outcome: 'failed',
    sentence: 'the ServiceAccount could not be looked up',
    remedy: 'see why the API server cannot be reached, then create the pod again',
  },
  body_unreadable: {
    outcome: 'failed',
    sentence: 'the body is not JSON, or not all of it came',
    remedy: undefined,
  },
  body_too_large: {
    outcome: 'failed',
    sentence: 'the body is over 7 MiB',
    remedy: undefined,
  },
  wrong_content_type: {
    outcome: 'failed',
    sentence: 'the content type is not application/json',
    remedy: undefined,
  },
  review_invalid: {
    outcome: 'failed',
    sentence: 'the body is not an AdmissionReview with a request for a pod',
    remedy: undefined,
  },
  pod_malformed: {
    outcome: 'failed',
    sentence: 'a field of the pod has the wrong type',
    remedy: undefined,
  },
  internal_error: {
    outcome: 'failed',
    sentence: 'the webhook failed',
    remedy: 'report the error in its log',
  },
} as const satisfies Record<
  string,
  { readonly outcome: Outcome; readonly sentence: string; readonly remedy: string | undefined }
>

export type ReasonCode = keyof typeof REASONS
