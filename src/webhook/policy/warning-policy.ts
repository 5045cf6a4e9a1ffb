import {
  annotationKey,
  MAX_TOKEN_EXPIRATION_SECONDS,
  MIN_TOKEN_EXPIRATION_SECONDS,
} from '../identity/annotations.ts'
import { ROLE_ARN_PATTERN } from '../identity/role-arn.ts'
import { describeWarning, type WarningCode } from '../identity/warnings.ts'
import { WEB_IDENTITY_NAMES } from '../injection/fixed-parts.ts'
import { toCel } from './cel.ts'
import { POD_ANNOTATIONS, podAnnotation, readSeconds } from './identity-expressions.ts'
import { NOT_OPTED_OUT, type PolicyObject } from './injection-policy.ts'
import { MARK_ANNOTATION } from './mark.ts'
import { hasTokenVolume } from './pod-expressions.ts'
import type { PolicySettings } from './policy-settings.ts'
import { isWithinLimit } from './size-limit.ts'
import { isSkipListReadable, readSkippedNames } from './skip-expressions.ts'

const NAME = 'pod-identity-warnings'

interface Check {
  readonly code: WarningCode
  readonly subject: string
  /** What is wrong with the pod. */
  readonly problem: string
}

/** The policy that refuses nothing: it warns whoever creates a pod of what a policy can see, in the webhook's words. */
export function buildWarningPolicy(settings: PolicySettings): readonly PolicyObject[] {
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const keys = listWatchedKeys(settings.mutation.annotationPrefix)
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: NAME },
      spec: {
        failurePolicy: 'Ignore',
        matchConstraints: {
          objectSelector: NOT_OPTED_OUT,
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE'],
              resources: ['pods'],
              scope: 'Namespaced',
            },
          ],
        },
        matchConditions: [
          {
            name: 'may-concern-credentials',
            expression: `${toCel(keys)}.exists(k, k in ${POD_ANNOTATIONS}) || !(${isSmall(settings)})`,
          },
        ],
        variables: [
          { name: 'isSmall', expression: isSmall(settings) },
          { name: 'isMarked', expression: `${toCel(MARK_ANNOTATION)} in ${POD_ANNOTATIONS}` },
          {
            name: 'isSkipListReadable',
            expression: isSkipListReadable(podAnnotation(settings, 'skip-containers')),
          },
          { name: 'skipped', expression: readSkippedNames(podAnnotation(settings, 'skip-containers')) },
          {
            name: 'containers',
            expression: 'object.spec.containers + object.spec.?initContainers.orValue([])',
          },
        ],
        validations: listChecks(settings).map(({ code, subject, problem }) => ({
          expression: `!(${code === 'pod_too_large' ? '' : 'variables.isSmall && '}${problem})`,
          message: describeWarning({ code, subject }),
        })),
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: NAME },
      spec: { policyName: NAME, validationActions: ['Warn'] },
    },
  ]
}

function isSmall(settings: PolicySettings): string {
  return isWithinLimit(podAnnotation(settings, 'skip-containers'))
}

function listWatchedKeys(prefix: string): readonly string[] {
  const names = [...MISPLACED, 'skip-containers', 'token-expiration'] as const
  return [MARK_ANNOTATION, ...names.map((name) => annotationKey(prefix, name))]
}

const MISPLACED = ['role-arn', 'audience', 'sts-regional-endpoints'] as const

function listChecks(settings: PolicySettings): readonly Check[] {
  const { annotationPrefix: prefix, webIdentity } = settings.mutation
  const expirationKey = annotationKey(prefix, 'token-expiration')
  const expiration = { subject: `annotation ${expirationKey} of the pod` }
  const skip = { subject: `annotation ${annotationKey(prefix, 'skip-containers')} of the pod` }
  const seconds = readSeconds([podAnnotation(settings, 'token-expiration')])
  const [roleName = ''] = WEB_IDENTITY_NAMES
  const ownVolume = `object.spec.?volumes.orValue([]).exists(v, v.name == ${toCel(webIdentity.volumeName)})`
  const token = `v.name == ${toCel(webIdentity.volumeName)} && v.?projected.?sources.orValue([]).exists(s, has(s.serviceAccountToken) && s.serviceAccountToken.?audience.orValue('') == '')`
  return [
    ...MISPLACED.map((name): Check => {
      const key = annotationKey(prefix, name)
      return {
        code: 'misplaced_annotation',
        subject: `annotation ${key} of the pod belongs on the ServiceAccount and`,
        problem: `${toCel(key)} in ${POD_ANNOTATIONS}`,
      }
    }),
    {
      ...expiration,
      code: 'value_ignored',
      problem: `${toCel(expirationKey)} in ${POD_ANNOTATIONS} && ${seconds}.size() == 0`,
    },
    {
      ...expiration,
      code: 'value_raised',
      problem: `${seconds}.exists(s, s < ${MIN_TOKEN_EXPIRATION_SECONDS})`,
    },
    {
      ...expiration,
      code: 'value_lowered',
      problem: `${seconds}.exists(s, s > ${MAX_TOKEN_EXPIRATION_SECONDS})`,
    },
    { ...skip, code: 'value_ignored', problem: '!variables.isSkipListReadable' },
    {
      ...skip,
      code: 'unknown_skip_container',
      problem: 'variables.skipped.exists(n, !variables.containers.exists(c, c.name == n))',
    },
    {
      code: 'no_container_injected',
      subject: 'the pod',
      problem: 'variables.isMarked && variables.containers.all(c, c.name in variables.skipped)',
    },
    {
      code: 'invalid_role_arn',
      subject: 'the role of its ServiceAccount',
      problem: `variables.isMarked && variables.containers.exists(c, c.?env.orValue([]).exists(e, e.name == ${toCel(roleName)} && has(e.value) && !e.value.matches(${toCel(`^${ROLE_ARN_PATTERN}$`)})))`,
    },
    {
      code: 'empty_audience',
      subject: "its ServiceAccount's audience",
      problem: `variables.isMarked && object.spec.?volumes.orValue([]).exists(v, ${token})`,
    },
    {
      code: 'foreign_volume',
      subject: webIdentity.volumeName,
      problem: `variables.isMarked && ${ownVolume} && !${hasTokenVolume(settings)}`,
    },
    {
      code: 'pod_too_large',
      subject: 'the pod',
      problem: `!variables.isSmall && type(object.spec.containers) == list && !variables.isMarked && !${ownVolume}`,
    },
  ]
}
