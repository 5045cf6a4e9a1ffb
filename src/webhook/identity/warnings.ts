/**
 * What a person should know about a pod, its ServiceAccount or its mapping although the request is answered.
 *
 * `problem` says what is wrong, about the subject that the warning names; `remedy` what to do.
 * The table feeds admission warnings, log lines, metrics, `inject` and docs/troubleshooting.md.
 */
export const WARNINGS = {
  invalid_role_arn: {
    problem: 'is not the ARN of an IAM role; it is injected as it is, and the AWS SDK will refuse it',
    remedy: 'write arn:PARTITION:iam::ACCOUNT:role/NAME, with the twelve digits of the account',
  },
  value_ignored: {
    problem: 'has a value that cannot be read and is ignored',
    remedy: 'correct the annotation; until then the default applies',
  },
  value_raised: {
    problem: 'is under 600 seconds, the least that the API server issues tokens for, and becomes 600',
    remedy: 'write 600 or more',
  },
  value_lowered: {
    problem: 'is over 4294967296 seconds, the most that the API server takes, and becomes that',
    remedy: 'write 4294967296 or less',
  },
  value_too_long: {
    problem: 'is over 4096 characters long and is ignored: in each container it could make the pod too large',
    remedy: 'shorten it; no role ARN or audience is so long',
  },
  misplaced_annotation: {
    problem: 'does nothing there',
    remedy: 'put it where it belongs',
  },
  empty_audience: {
    problem: 'is empty, which asks for the API server’s own audience; AWS STS will refuse the token',
    remedy:
      'remove the annotation, or write the audience that your IAM provider lists, such as sts.amazonaws.com',
  },
  mistyped_prefix: {
    problem: 'looks like an annotation of this webhook with a mistyped prefix, and is ignored',
    remedy: 'correct the prefix of the annotation',
  },
  unknown_skip_container: {
    problem: 'names a container that the pod does not have',
    remedy: 'correct the name in the skip-containers annotation',
  },
  foreign_volume: {
    problem:
      'is the name of a volume that the pod brought and that is not a token volume of this webhook; no token is added',
    remedy: 'rename that volume',
  },
  no_container_injected: {
    problem: 'got no credentials in any container: each is skipped',
    remedy: 'remove the skip-containers annotation, if the pod should use the role',
  },
  token_not_mounted: {
    problem: 'where its variables look for the token',
    remedy: 'mount the token there, or leave its variables and mounts to the webhook',
  },
  half_configured: {
    problem: 'and gets neither of them from the webhook, so the AWS SDK cannot use the role',
    remedy: 'set both, or none',
  },
  pod_too_large: {
    problem: 'holds more than the policy in the API server looks at, and got no credentials from it',
    remedy: 'run the webhook too, if its ServiceAccount has a role, or make the pod smaller',
  },
  lookup_failed: {
    problem: 'could not be looked up, so the pod is admitted without credentials',
    remedy:
      'create the pod again once the webhook reaches the API server; its log and /readyz say why it does not',
  },
} as const satisfies Record<string, { readonly problem: string; readonly remedy: string }>

export type WarningCode = keyof typeof WARNINGS

/** A warning about one subject: `annotation eks.amazonaws.com/role-arn "x" of ServiceAccount shop/cart`. */
export interface Warning {
  readonly code: WarningCode
  readonly subject: string
}

/** The longest text of a warning that the API server passes on unshortened (k8s.io/api admission/v1, `warnings`). */
const MAX_WARNING_CHARACTERS = 256

/** The warning as one line for people: what, what is wrong with it, what to do. */
export function describeWarning(warning: Warning): string {
  const { problem, remedy } = WARNINGS[warning.code]
  const text = `${warning.subject} ${problem}: ${remedy}`
  return text.length <= MAX_WARNING_CHARACTERS ? text : `${text.slice(0, MAX_WARNING_CHARACTERS - 1)}…`
}
