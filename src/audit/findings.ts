/** How much a finding matters: `missed` pods have no credentials, `wrong` ones have others than they should, `note` is worth a look. */
export type Severity = 'missed' | 'wrong' | 'note'

/**
 * What an audit finds, one code each: what it means for people, and what to do. The table feeds every form of the report and
 * docs/reference.
 */
export const FINDINGS = {
  missed: {
    severity: 'missed',
    sentence: 'should have credentials and has none',
    remedy:
      'create it again: kubectl rollout restart, or audit --restart; doctor says whether the webhook is sound',
  },
  not_restarted_since_annotation: {
    severity: 'missed',
    sentence: 'is older than the role of its ServiceAccount',
    remedy: 'create it again: kubectl rollout restart, or audit --restart',
  },
  partly_missed: {
    severity: 'missed',
    sentence: 'has credentials in some containers, and none in others',
    remedy:
      'create it again; a sidecar that another webhook adds later takes reinvocationPolicy IfNeeded, which is shipped',
  },
  excluded_by_selector: {
    severity: 'missed',
    sentence: 'should have credentials, and API servers do not ask the webhook for it',
    remedy: 'change the namespace’s or pod’s labels, or the selector',
  },
  stale_role: {
    severity: 'wrong',
    sentence: 'has another role than its ServiceAccount has now',
    remedy: 'create it again: kubectl rollout restart, or audit --restart',
  },
  role_gone: {
    severity: 'wrong',
    sentence: 'has a role, and its ServiceAccount has none any more',
    remedy: 'create it again, or give the ServiceAccount its role back',
  },
  stale_audience: {
    severity: 'wrong',
    sentence: 'has a token for another audience than it would get now',
    remedy: 'create it again: kubectl rollout restart, or audit --restart',
  },
  stale_regional_sts: {
    severity: 'wrong',
    sentence: 'has another setting of AWS_STS_REGIONAL_ENDPOINTS than it would get now',
    remedy: 'create it again: kubectl rollout restart, or audit --restart',
  },
  token_short_lived: {
    severity: 'note',
    sentence: 'has a token that lives under an hour: programs that read it once fail soon',
    remedy: 'write a longer token-expiration, or make sure that the program reads the file again',
  },
  invalid_annotation: {
    severity: 'wrong',
    sentence: 'has an annotation that cannot be used as it is',
    remedy: 'correct the annotation, then create its pods again',
  },
  mistyped_prefix: {
    severity: 'wrong',
    sentence: 'has an annotation with a mistyped prefix, which is ignored',
    remedy: 'correct the prefix, then create its pods again',
  },
  unlabelled_account: {
    severity: 'wrong',
    sentence:
      'has a role, and lacks the label by which the policy in the API server looks at ServiceAccounts',
    remedy:
      'kubectl label serviceaccount NAME eks.amazonaws.com/pod-identity-account=true, then create its pods again',
  },
  unused_account: {
    severity: 'note',
    sentence: 'has a role, and no pod uses it',
    remedy: 'take the annotation away where nothing will',
  },
  role_missing: {
    severity: 'wrong',
    sentence: 'names a role that does not exist',
    remedy: 'create it with `role ensure`, or correct the annotation',
  },
  role_does_not_trust: {
    severity: 'wrong',
    sentence: 'names a role that does not trust it',
    remedy: 'let it with `role ensure`; `oidc verify` says why',
  },
} as const satisfies Record<
  string,
  { readonly severity: Severity; readonly sentence: string; readonly remedy: string }
>

export type FindingCode = keyof typeof FINDINGS

/** Findings that creating pods again mends. */
export const MENDED_BY_RESTART: ReadonlySet<FindingCode> = new Set([
  'missed',
  'not_restarted_since_annotation',
  'partly_missed',
  'stale_role',
  'role_gone',
  'stale_audience',
  'stale_regional_sts',
])

/** What was found of pods of one owner, or of one ServiceAccount. */
export interface Finding {
  readonly code: FindingCode
  readonly namespace: string
  /** `Deployment`, `Pod` for a bare one, `ServiceAccount`. */
  readonly kind: string
  readonly name: string
  readonly serviceAccount: string
  /** What it should have; empty where that is nothing. */
  readonly role: string
  /** What in particular: the role that it has, the selector, the annotation. One line. */
  readonly detail: string
  /** How many pods; 0 for ServiceAccounts. */
  readonly podCount: number
  /** The first of them by name. */
  readonly pods: readonly string[]
}
