import { escapePointer } from '../injection/build-patch.ts'
import { addition, memberOr, toCel } from './cel.ts'
import { hasRole } from './identity-expressions.ts'
import type { PolicyObject } from './injection-policy.ts'
import { ACCOUNT_LABEL } from './label-selector.ts'
import type { PolicySettings } from './policy-settings.ts'

const NAME = 'pod-identity-account-label'

/** The policy that labels ServiceAccounts which have a role, and takes the label off others, as they are written. */
export function buildLabelPolicy(settings: PolicySettings): readonly PolicyObject[] {
  const { key, value } = ACCOUNT_LABEL
  const labels = 'object.metadata.?labels.orValue({})'
  const isLabelled = `${memberOr(labels, key, "''")} == ${toCel(value)}`
  const wanted = hasRole(settings, 'object')
  const path = toCel(`/metadata/labels/${escapePointer(key)}`)
  const apiVersion = `admissionregistration.k8s.io/${settings.apiVersion}`
  return [
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicy',
      metadata: { name: NAME },
      spec: {
        // A ServiceAccount must never be refused for its label.
        failurePolicy: 'Ignore',
        reinvocationPolicy: 'IfNeeded',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['serviceaccounts'],
              scope: 'Namespaced',
            },
          ],
        },
        matchConditions: [
          { name: 'label-is-wrong', expression: `${wanted} ? !(${isLabelled}) : ${toCel(key)} in ${labels}` },
        ],
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: {
              expression: [
                `!(${wanted}) ? [JSONPatch{op: 'remove', path: ${path}}] :`,
                `!has(object.metadata.labels) ? [${addition("'/metadata/labels'", toCel({ [key]: value }))}] :`,
                `[${addition(path, toCel(value))}]`,
              ].join('\n'),
            },
          },
        ],
      },
    },
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name: NAME },
      spec: { policyName: NAME },
    },
  ]
}
