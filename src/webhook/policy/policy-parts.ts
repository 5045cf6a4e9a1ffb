import type { MutationSettings } from '../identity/settings.ts'
import type { RemoveOperation } from '../injection/build-patch.ts'
import { REGION_NAMES, REGIONAL_STS_NAMES, WEB_IDENTITY_NAMES } from '../injection/fixed-parts.ts'
import type { Container, Pod, Volume } from '../injection/pod.ts'
import { isTokenVolume, readToken, tokenFilePath, withoutTrailingSlash } from '../injection/token-volume.ts'
import { OWN, type PolicyMark } from './mark.ts'

/** A pod as it was before the policy. */
export interface StrippedPod {
  readonly pod: Pod
  /** What takes the policy's parts out, the last of a list first. */
  readonly removals: readonly RemoveOperation[]
  /** What is taken out, a text for each part: see {@link describeVariable}. */
  readonly parts: readonly string[]
}

/** The fields that hold the containers a policy adds to. */
export const CONTAINER_FIELDS = ['initContainers', 'containers'] as const

/** A part of a pod as text, to compare parts with. */
export function describeVariable(path: string, name: string, value: unknown): string {
  return JSON.stringify([path, name, value])
}

export function describeMount(path: string, mountPath: string): string {
  return JSON.stringify([path, withoutTrailingSlash(mountPath)])
}

/** The API server leaves an empty audience out. */
export function describeVolume(volume: Volume): string {
  const { audience, expirationSeconds, path } = readToken(volume) ?? {}
  return JSON.stringify(['volume', audience || '', expirationSeconds, path])
}

/**
 * Takes out of a marked pod what the policy added, and nothing else: in containers that had nothing of a kind, by the mark, and
 * only in the policy's own shape.
 */
export function stripPolicyParts(pod: Pod, mark: PolicyMark, settings: MutationSettings): StrippedPod {
  const removals: RemoveOperation[] = []
  const parts: string[] = []
  const spec: Record<string, unknown> = { ...pod.spec }
  for (const field of CONTAINER_FIELDS) {
    const containers = pod.spec[field]
    if (!containers) continue
    spec[field] = containers.map((container, index) => {
      const own = mark.ownByContainer.get(container.name) ?? ''
      const path = `/spec/${field}/${index}`
      return stripContainer(container, { own, path, settings, removals, parts })
    })
  }
  const { volumes } = pod.spec
  const isAdded = (volume: Volume) =>
    volume.name === settings.webIdentity.volumeName && isTokenVolume(volume, settings.webIdentity)
  const index = mark.hasOwnVolume ? -1 : (volumes?.findIndex(isAdded) ?? -1)
  const volume = volumes?.[index]
  if (volume !== undefined) {
    removals.push({ op: 'remove', path: `/spec/volumes/${index}` })
    parts.push(describeVolume(volume))
    spec['volumes'] = volumes?.filter((other) => other !== volume)
  }
  return { pod: { ...pod, spec: spec as Pod['spec'] }, removals, parts }
}

interface ContainerScope {
  /** Letters of {@link OWN}. */
  readonly own: string
  readonly path: string
  readonly settings: MutationSettings
  readonly removals: RemoveOperation[]
  readonly parts: string[]
}

function stripContainer(container: Container, scope: ContainerScope): Container {
  const { own, path, settings, removals, parts } = scope
  const { env, volumeMounts } = container
  const isAdded = new Set(env ? findAddedVariables(env, own, settings) : [])
  for (const index of [...isAdded].sort((a, b) => b - a)) {
    const { name = '', value } = env?.[index] ?? {}
    removals.push({ op: 'remove', path: `${path}/env/${index}` })
    parts.push(describeVariable(path, name, value))
  }
  const mountIndex = own.includes(OWN.mount) ? -1 : findAddedMount(container, settings)
  const mount = volumeMounts?.[mountIndex]
  if (mount !== undefined) {
    removals.push({ op: 'remove', path: `${path}/volumeMounts/${mountIndex}` })
    parts.push(describeMount(path, mount.mountPath))
  }
  return {
    ...container,
    ...(env && { env: env.filter((_, index) => !isAdded.has(index)) }),
    ...(volumeMounts && { volumeMounts: volumeMounts.filter((other) => other !== mount) }),
  }
}

type Variables = NonNullable<Container['env']>

/** The places of the policy's variables: the groups that the container had nothing of, each in one piece and in order. */
function findAddedVariables(
  env: Variables,
  own: string,
  { webIdentity }: MutationSettings,
): readonly number[] {
  const files = [true, false].map((isWindows) => tokenFilePath(webIdentity, { isWindows }))
  const groups = [
    {
      letter: OWN.regionalSts,
      names: REGIONAL_STS_NAMES,
      isOurs: ([value]: unknown[]) => value === 'regional',
    },
    { letter: OWN.region, names: REGION_NAMES, isOurs: ([first, second]: unknown[]) => first === second },
    {
      letter: OWN.method,
      names: WEB_IDENTITY_NAMES,
      isOurs: ([, file]: unknown[]) => files.includes(String(file)),
    },
  ]
  return groups
    .filter(({ letter }) => !own.includes(letter))
    .flatMap(({ names, isOurs }) => {
      const start = env.findIndex((_, index) =>
        names.every((name, offset) => env[index + offset]?.name === name),
      )
      const places = names.map((_, offset) => start + offset)
      const values = places.map((place) => env[place]?.value)
      return start >= 0 && values.every((value) => typeof value === 'string') && isOurs(values) ? places : []
    })
}

function findAddedMount({ volumeMounts }: Container, { webIdentity }: MutationSettings): number {
  const path = withoutTrailingSlash(webIdentity.mountPath)
  return (
    volumeMounts?.findIndex(
      ({ name, mountPath }) => name === webIdentity.volumeName && withoutTrailingSlash(mountPath) === path,
    ) ?? -1
  )
}
