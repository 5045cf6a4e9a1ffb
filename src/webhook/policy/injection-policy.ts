import { MIRROR_ANNOTATION, SKIP_LABEL } from '../identity/decide.ts'
import { toCel } from './cel.ts'
import { hasRole, listIdentityVariables, podAnnotation } from './identity-expressions.ts'
import { MARK_ANNOTATION, WEBHOOK_MARK } from './mark.ts'
import { listPodVariables, patchPod } from './pod-expressions.ts'
import type { PolicySettings } from './policy-settings.ts'
import { isWithinLimit } from './size-limit.ts'

/** An object of Kubernetes. */
export interface PolicyObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: Readonly<Record<string, unknown>>
}

/** The name of policy and binding. */
export const INJECTION_POLICY_NAME = 'pod-identity'

/** Keeps pods out that carry the label which keeps them out of the webhook. */
export const NOT_OPTED_OUT = { matchExpressions: [{ key: SKIP_LABEL, operator: 'DoesNotExist' }] }

/** Picks the one ServiceAccount that counts of those of the pod's namespace. */
export const IS_ACCOUNT_OF_POD = "params.metadata.name == object.spec.?serviceAccountName.orValue('')"

/** The policy that gives pods the identity of their ServiceAccount as they are created, and its binding. */
export function buildInjectionPolicy(settings: PolicySettings): readonly PolicyObject[] {
  const annotations = 'object.metadata.?annotations.orValue({})'
  return buildMutation(settings, {
    name: INJECTION_POLICY_NAME,
    operation: 'CREATE',
    resource: 'pods',
    // Each condition would be evaluated for each ServiceAccount, whatever the others say; within one, the first false ends it.
    condition: [
      IS_ACCOUNT_OF_POD,
      hasRole(settings, 'params'),
      `!(${toCel(MIRROR_ANNOTATION)} in ${annotations})`,
      `${annotations}[?${toCel(MARK_ANNOTATION)}].orValue('') != ${toCel(WEBHOOK_MARK)}`,
      isWithinLimit(podAnnotation(settings, 'skip-containers')),
    ],
    variables: [...listIdentityVariables(settings), ...listPodVariables(settings)],
    patch: patchPod(settings),
  })
}

/** What differs between policies that look at pods and the ServiceAccounts of their namespace. */
interface Mutation {
  readonly name: string
  readonly operation: string
  readonly resource: string
  readonly condition: readonly string[]
  readonly variables: readonly { readonly name: string; readonly expression: string }[]
  /** One expression: each mutation of a policy converts the pod to and fro, about a millisecond. */
  readonly patch: string
}

/** A policy over pods, with the ServiceAccounts of their namespace as parameters, and its binding. */
export function buildMutation(settings: PolicySettings, mutation: Mutation): readonly PolicyObject[] {
  const { name, operation, resource, condition, variables, patch } = mutation
  const apiVersion = `admissionregistration.k8s.io/${settings.apiVersion}`
  return [
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicy',
      metadata: { name },
      spec: {
        // With Ignore, pods would go without while the API server starts and ServiceAccounts are not read yet.
        failurePolicy: 'Fail',
        reinvocationPolicy: 'IfNeeded',
        paramKind: { apiVersion: 'v1', kind: 'ServiceAccount' },
        matchConstraints: {
          objectSelector: NOT_OPTED_OUT,
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: [operation],
              resources: [resource],
              scope: 'Namespaced',
            },
          ],
        },
        matchConditions: [{ name: 'has-identity', expression: condition.join(' &&\n') }],
        variables,
        mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: patch } }],
      },
    },
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name },
      spec: {
        policyName: name,
        // Without a namespace: that of the pod.
        paramRef: { selector: settings.accountSelector ?? {}, parameterNotFoundAction: 'Allow' },
      },
    },
  ]
}
