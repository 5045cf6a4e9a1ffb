import { WARNINGS } from '../identity/warnings.ts'
import { quoteCel } from './cel-text.ts'
import { ANNOTATION_RULES, type AnnotationRule, RULE_VARIABLES } from './rules.ts'

/** What the webhook's flags say that its annotations depend on. */
export interface AnnotationPolicySettings {
  /** Prefix of the annotations, without the slash. */
  readonly prefix: string
  /** Whether a role may be given by its name. */
  readonly composesRoleArns: boolean
}

/** What becomes of a ServiceAccount with an annotation that the webhook would warn of. */
export type AnnotationAction = 'Warn' | 'Deny'

/** The name of policy and binding. */
export const ANNOTATION_POLICY_NAME = 'pod-identity-webhook-annotations'

/**
 * Builds the ValidatingAdmissionPolicy that tells of a ServiceAccount's annotations when they are written what the
 * webhook would tell when a pod is created, from the webhook's own tables, and its binding.
 *
 * It is the API server that evaluates it: there is nothing that could hang or be away. An update that leaves the
 * annotations as they are is never looked at, so that `Deny` stands in no controller's way.
 */
export function buildAnnotationPolicy(settings: AnnotationPolicySettings, action: AnnotationAction) {
  const metadata = { name: ANNOTATION_POLICY_NAME }
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const variables = {
    prefix: quoteCel(settings.prefix),
    composesRoleArns: String(settings.composesRoleArns),
    ...RULE_VARIABLES,
    ...Object.fromEntries(ANNOTATION_RULES.map(({ name, found }) => [name, found])),
  }
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        // It is advice: what it cannot evaluate is admitted.
        failurePolicy: 'Ignore',
        matchConstraints: {
          resourceRules: [
            {
              operations: ['CREATE', 'UPDATE'],
              apiGroups: [''],
              apiVersions: ['v1'],
              resources: ['serviceaccounts'],
            },
          ],
        },
        matchConditions: [
          {
            name: 'annotations-written',
            expression:
              'has(object.metadata.annotations) && (oldObject == null || ' +
              '!has(oldObject.metadata.annotations) || object.metadata.annotations != oldObject.metadata.annotations)',
          },
        ],
        variables: Object.entries(variables).map(([name, expression]) => ({ name, expression })),
        validations: ANNOTATION_RULES.map(describeValidation),
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: ANNOTATION_POLICY_NAME, validationActions: [action, 'Audit'] },
    },
  ] as const
}

/** Values stay out of the message: somebody may have annotated a key in place of its name. */
function describeValidation({ name, code, hint }: AnnotationRule) {
  const { problem, remedy } = WARNINGS[code]
  return {
    expression: `size(variables.${name}) == 0`,
    message: `an annotation of the ServiceAccount ${problem}: ${remedy}`,
    messageExpression: [
      "'annotation '",
      `variables.${name}.join(', ')`,
      "' of ServiceAccount '",
      'object.metadata.namespace',
      "'/'",
      'object.metadata.name',
      ...(hint === undefined ? [] : [hint]),
      quoteCel(` ${problem}: ${remedy}`),
    ].join(' + '),
  }
}
