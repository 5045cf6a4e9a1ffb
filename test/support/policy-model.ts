import type { Identity } from '../../src/webhook/identity/decide.ts'
import type { MutationSettings } from '../../src/webhook/identity/settings.ts'
import { mutateCopy } from './mutation-model.ts'

// biome-ignore lint/suspicious/noExplicitAny: the model edits pods of any shape, as a person would in an editor
type Json = any

const MARK = 'eks.amazonaws.com/pod-identity-policy'

/**
 * The mark that the policy leaves on a pod, by the plainest road: the ServiceAccount's resourceVersion, then what of the
 * policy's the pod had before.
 */
export function writeMark(
  pod: Json,
  resourceVersion: string,
  { webIdentity }: MutationSettings,
  skipped: readonly string[],
): string {
  const words = [resourceVersion]
  if ((pod.spec.volumes ?? []).some(({ name }: Json) => name === webIdentity.volumeName))
    words.push('/volume')
  for (const container of [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])]) {
    const has = (...names: string[]) => (container.env ?? []).some(({ name }: Json) => names.includes(name))
    const isMounted = (container.volumeMounts ?? []).some(
      ({ name, mountPath }: Json) =>
        name === webIdentity.volumeName ||
        mountPath.replace(/\/$/, '') === webIdentity.mountPath.replace(/\/$/, ''),
    )
    const letters = [
      has('AWS_STS_REGIONAL_ENDPOINTS') ? 's' : '',
      has('AWS_REGION', 'AWS_DEFAULT_REGION') ? 'r' : '',
      has('AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE') ? 'i' : '',
      isMounted ? 'm' : '',
    ].join('')
    const own = skipped.includes(container.name) || letters.startsWith('sri') ? 'srim' : letters
    if (own !== '') words.push(`${container.name}:${own}`)
  }
  return words.join(' ')
}

/** A pod after a policy that saw the ServiceAccount with an identity, at a resourceVersion. */
export function applyPolicy(
  pod: Json,
  identity: Identity,
  resourceVersion: string,
  settings: MutationSettings,
  skipped: readonly string[],
): Json {
  const mutated = mutateCopy(pod, identity, settings, skipped)
  // A pod that lacks nothing is not marked.
  if (JSON.stringify(mutated) === JSON.stringify(pod)) return mutated
  mutated.metadata ??= {}
  mutated.metadata.annotations = {
    ...mutated.metadata.annotations,
    [MARK]: writeMark(pod, resourceVersion, settings, skipped),
  }
  return mutated
}
