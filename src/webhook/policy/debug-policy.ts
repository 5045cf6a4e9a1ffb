import { hasRole, listIdentityVariables, podAnnotation } from './identity-expressions.ts'
import { buildMutation, IS_ACCOUNT_OF_POD, type PolicyObject } from './injection-policy.ts'
import { hasTokenVolume, listDebugVariables, patchDebugContainers } from './pod-expressions.ts'
import type { PolicySettings } from './policy-settings.ts'
import { isWithinLimit } from './size-limit.ts'

/** The policy that gives ephemeral containers what the other containers of their pod have, and its binding. */
export function buildDebugPolicy(settings: PolicySettings): readonly PolicyObject[] {
  return buildMutation(settings, {
    name: 'pod-identity-debug-containers',
    operation: 'UPDATE',
    resource: 'pods/ephemeralcontainers',
    condition: [
      IS_ACCOUNT_OF_POD,
      hasRole(settings, 'params'),
      isWithinLimit(podAnnotation(settings, 'skip-containers')),
      hasTokenVolume(settings),
    ],
    variables: [...listIdentityVariables(settings), ...listDebugVariables(settings)],
    patch: patchDebugContainers(settings),
  })
}
