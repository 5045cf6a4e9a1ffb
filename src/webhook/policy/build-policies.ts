import { buildInjectionPolicy, type PolicyObject } from './injection-policy.ts'
import type { PolicySettings } from './policy-settings.ts'

/** The objects that make an API server do what the webhook does, in the order in which they are written. */
export function buildPolicies(settings: PolicySettings): readonly PolicyObject[] {
  return buildInjectionPolicy(settings)
}
