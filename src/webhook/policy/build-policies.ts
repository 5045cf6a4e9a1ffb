import { buildDebugPolicy } from './debug-policy.ts'
import { buildInjectionPolicy, type PolicyObject } from './injection-policy.ts'
import { buildLabelPolicy } from './label-policy.ts'
import { usesAccountLabel } from './label-selector.ts'
import type { PolicySettings } from './policy-settings.ts'
import { buildWarningPolicy } from './warning-policy.ts'

/** The objects that make an API server do what the webhook does, in the order in which they are written. */
export function buildPolicies(settings: PolicySettings): readonly PolicyObject[] {
  const { accountSelector, hasDebugContainers } = settings
  return [
    ...buildInjectionPolicy(settings),
    ...buildWarningPolicy(settings),
    ...(accountSelector !== undefined && usesAccountLabel(accountSelector) ? buildLabelPolicy(settings) : []),
    ...(hasDebugContainers ? buildDebugPolicy(settings) : []),
  ]
}
