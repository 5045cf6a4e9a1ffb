import type { Identity } from '../../src/webhook/identity/decide.ts'
import type { MutationSettings } from '../../src/webhook/identity/settings.ts'

// biome-ignore lint/suspicious/noExplicitAny: the model edits pods of any shape, as a person would in an editor
type Json = any

/**
 * What a pod should look like after the mutation, by the plainest road: copy the whole pod and edit the copy.
 * Written from the specification, apart from the code under test, whose patches must lead to the same pod.
 */
export function mutateCopy(
  original: unknown,
  identity: Identity,
  settings: MutationSettings,
  skipped: readonly string[],
): Json {
  const pod: Json = structuredClone(original)
  const isWeb = identity.method === 'web_identity'
  const mount = isWeb ? settings.webIdentity : settings.containerCredentials
  const selector = pod.spec.nodeSelector ?? {}
  const isWindows =
    pod.spec.os?.name === 'windows' ||
    selector['kubernetes.io/os'] === 'windows' ||
    selector['beta.kubernetes.io/os'] === 'windows' ||
    allTermsAreWindows(pod)
  const unixFile = `${mount.mountPath.replace(/\/$/, '')}/${mount.tokenPath}`
  const file = isWindows ? `C:${unixFile.split('/').join('\\')}` : unixFile
  const own = isWeb
    ? { AWS_ROLE_ARN: identity.roleArn, AWS_WEB_IDENTITY_TOKEN_FILE: file }
    : {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: settings.containerCredentials.fullUri,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
      }

  for (const container of [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])]) {
    if (skipped.includes(container.name)) continue
    const names: string[] = (container.env ?? []).map((entry: Json) => entry.name)
    const hasOwn = Object.keys(own).some((name) => names.includes(name))
    const hasRegion = names.includes('AWS_REGION') || names.includes('AWS_DEFAULT_REGION')
    const hasSts = names.includes('AWS_STS_REGIONAL_ENDPOINTS')
    if (hasOwn && hasRegion && hasSts) continue
    const added: Json[] = []
    if (!hasSts && identity.isRegionalSts) {
      added.push({ name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' })
    }
    if (!hasRegion && settings.awsDefaultRegion) {
      for (const name of ['AWS_DEFAULT_REGION', 'AWS_REGION']) {
        added.push({ name, value: settings.awsDefaultRegion })
      }
    }
    if (!hasOwn) added.push(...Object.entries(own).map(([name, value]) => ({ name, value })))
    if (added.length > 0) container.env = [...(container.env ?? []), ...added]

    const isTaken = (container.volumeMounts ?? []).some(
      (other: Json) =>
        other.name === mount.volumeName ||
        other.mountPath.replace(/\/$/, '') === mount.mountPath.replace(/\/$/, ''),
    )
    if (!isTaken) {
      const volumeMount = { name: mount.volumeName, readOnly: true, mountPath: mount.mountPath }
      container.volumeMounts = [...(container.volumeMounts ?? []), volumeMount]
    }
  }

  if (!(pod.spec.volumes ?? []).some((volume: Json) => volume.name === mount.volumeName)) {
    const serviceAccountToken = {
      audience: isWeb ? identity.audience : settings.containerCredentials.audience,
      expirationSeconds: identity.tokenExpirationSeconds,
      path: mount.tokenPath,
    }
    const volume = { name: mount.volumeName, projected: { sources: [{ serviceAccountToken }] } }
    pod.spec.volumes = [volume, ...(pod.spec.volumes ?? [])]
  }
  if (!isWeb) {
    pod.metadata ??= {}
    pod.metadata.labels = { ...pod.metadata.labels, 'eks.amazonaws.com/pod-identity': 'enabled' }
  }
  return pod
}

function allTermsAreWindows(pod: Json): boolean {
  const affinity = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const terms: Json[] = affinity?.nodeSelectorTerms ?? []
  const isWindowsAlone = ({ key, operator, values = [] }: Json) =>
    ['kubernetes.io/os', 'beta.kubernetes.io/os'].includes(key) &&
    operator === 'In' &&
    `${new Set(values).size}${values[0]}` === '1windows'
  return terms.length > 0 && terms.every(({ matchExpressions = [] }) => matchExpressions.some(isWindowsAlone))
}
