import { INJECTION_FLAGS } from '../../src/cli/pod-identity-webhook/flags/injection-flags.ts'
import {
  ANNOTATION_POLICY_NAME,
  buildAnnotationPolicy,
} from '../../src/webhook/annotation-policy/annotation-policy.ts'
import { parseGoBoolean } from '../../src/webhook/identity/annotations.ts'
import type { Manifest } from './manifest.ts'

/** Makes the policy for annotations agree with the webhook's flags, where they say otherwise than the manifest. */
export function fitAnnotationPolicy(manifest: Manifest, args: readonly string[]): Manifest {
  const { annotationPrefix, isRoleArnComposed } = INJECTION_FLAGS.flags
  const isPolicy =
    manifest.kind === 'ValidatingAdmissionPolicy' && manifest.metadata.name === ANNOTATION_POLICY_NAME
  const prefix = findLast(args, annotationPrefix.name)
  const composes = findLast(args, isRoleArnComposed.name)
  if (!isPolicy || (prefix === undefined && composes === undefined)) return manifest
  const settings = {
    prefix: prefix ?? annotationPrefix.default,
    composesRoleArns: parseGoBoolean(composes ?? 'false') ?? false,
  }
  const [policy] = buildAnnotationPolicy(settings, 'Warn')
  return { ...manifest, spec: policy.spec }
}

/** The value of the last flag of a name; `true` for one that stands alone. */
function findLast(args: readonly string[], name: string): string | undefined {
  const pattern = new RegExp(`^--?${name.replaceAll('-', '[-_]')}(?:=(.*))?$`, 's')
  const match = args.map((arg) => pattern.exec(arg)).findLast((found) => found !== null)
  return match ? (match[1] ?? 'true') : undefined
}
