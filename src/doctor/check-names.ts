/** What is checked before the webhook is installed, in this order. */
export const CHECK_NAMES_BEFORE = [
  'kubernetes-version',
  'install-permissions',
  'no-other-webhook',
  'issuer-published',
] as const

/** What is checked of an installation, in this order. */
export const CHECK_NAMES = [
  'kubernetes-version',
  'registered',
  'permissions',
  'replicas-ready',
  'replicas-agree',
  'replicas-spread',
  'certificate-trusted',
  'watches',
  'disruption-budget',
  'network-policy',
  'fail-open',
  'issuer-published',
  'dry-run-pod',
] as const

export type CheckName = (typeof CHECK_NAMES | typeof CHECK_NAMES_BEFORE)[number]
