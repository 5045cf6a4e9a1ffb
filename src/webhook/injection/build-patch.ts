import { quoteText } from '../../text/quoted-text.ts'
import type { TokenMount } from '../identity/settings.ts'
import type { Warning } from '../identity/warnings.ts'
import { type FixedParts, MISSING, REGION_NAMES, REGIONAL_STS_NAMES, type Variable } from './fixed-parts.ts'
import { findOwnProblem } from './own-configuration.ts'
import type { Container, Pod } from './pod.ts'
import { parseSkipContainers } from './skip-containers.ts'
import { isTokenVolume, withoutTrailingSlash } from './token-volume.ts'

/** One operation of RFC 6902; the injection only ever adds. */
export interface AddOperation {
  readonly op: 'add'
  readonly path: string
  readonly value: unknown
}

/** Takes out what the policy added; nothing else is ever removed. */
export interface RemoveOperation {
  readonly op: 'remove'
  readonly path: string
}

export type PatchOperation = AddOperation | RemoveOperation

/** What changes in a pod, and what its author should know. */
export interface Injection {
  /** Empty where the pod needs nothing. */
  readonly patch: readonly AddOperation[]
  readonly warnings: readonly Warning[]
}

/** Label of the pods that get container credentials, which the EKS Pod Identity agent's tools look for. */
const CONTAINER_CREDENTIALS_LABEL = { key: 'eks.amazonaws.com/pod-identity', value: 'enabled' }

/** What the pod's author and the flags say about where to add. */
interface PatchOptions {
  /** The text of the pod's annotation. */
  readonly skipContainers: string | undefined
  readonly annotationPrefix: string
}

/**
 * Builds the operations that give a pod the parts of its identity: only what is missing is added, so a second run over
 * the result adds nothing and fields that are not known here stay as they came.
 */
export function buildPatch(pod: Pod, parts: FixedParts, options: PatchOptions): Injection {
  const patch: AddOperation[] = []
  const warnings: Warning[] = []
  const injection = { patch, warnings }
  addTokenVolume(pod, parts, patch, warnings)
  const skipped = readSkipped(pod, options, warnings)
  const { initContainers, containers } = pod.spec
  const isInitReached = addToContainers(initContainers, '/spec/initContainers', skipped, parts, injection)
  const isReached = addToContainers(containers, '/spec/containers', skipped, parts, injection)
  if (!isInitReached && !isReached) warnings.push({ code: 'no_container_injected', subject: 'the pod' })
  if (parts.method === 'container_credentials') addLabel(pod, patch)
  return injection
}

/**
 * Builds the operations that give a pod's new ephemeral containers what its others have; `undefined` where the pod has no token
 * volume that they could mount: a running pod's volumes are fixed.
 *
 * `known` names the ephemeral containers that were there before, which nobody may change.
 */
export function buildDebugPatch(
  pod: Pod,
  parts: FixedParts,
  options: PatchOptions & { readonly known: ReadonlySet<string> },
): Injection | undefined {
  const { mount } = parts
  const hasToken = pod.spec.volumes?.some(
    (volume) => volume.name === mount.volumeName && isTokenVolume(volume, mount),
  )
  if (!hasToken) return undefined
  const injection = { patch: [] as AddOperation[], warnings: [] as Warning[] }
  const skipped = parseSkipContainers(options.skipContainers ?? '') ?? NOTHING_SKIPPED
  const leftAlone = new Set([...skipped, ...options.known])
  addToContainers(pod.spec.ephemeralContainers, '/spec/ephemeralContainers', leftAlone, parts, injection)
  return injection
}

const NOTHING_SKIPPED: ReadonlySet<string> = new Set()

function readSkipped(
  pod: Pod,
  { skipContainers, annotationPrefix }: PatchOptions,
  warnings: Warning[],
): ReadonlySet<string> {
  if (skipContainers === undefined) return NOTHING_SKIPPED
  const skipped = parseSkipContainers(skipContainers)
  const annotation = `annotation ${annotationPrefix}/skip-containers of the pod`
  if (skipped === undefined) {
    warnings.push({ code: 'value_ignored', subject: annotation })
    return NOTHING_SKIPPED
  }
  for (const name of skipped) {
    const hasName = (container: Container) => container.name === name
    if (!pod.spec.containers?.some(hasName) && !pod.spec.initContainers?.some(hasName)) {
      warnings.push({ code: 'unknown_skip_container', subject: `${quoteText(name)} in ${annotation}` })
    }
  }
  return skipped
}

function addTokenVolume(pod: Pod, parts: FixedParts, patch: AddOperation[], warnings: Warning[]): void {
  const { mount } = parts
  const { volumes } = pod.spec
  const existing = volumes?.find((volume) => volume.name === mount.volumeName)
  if (existing === undefined) {
    patch.push(
      volumes
        ? { op: 'add', path: '/spec/volumes/0', value: parts.volume }
        : { op: 'add', path: '/spec/volumes', value: parts.volumes },
    )
  } else if (!isTokenVolume(existing, mount)) {
    warnings.push({ code: 'foreign_volume', subject: mount.volumeName })
  }
}

/** Adds to every container that is not skipped; gives whether there is one. */
function addToContainers(
  containers: readonly Container[] | null | undefined,
  path: string,
  skipped: ReadonlySet<string>,
  parts: FixedParts,
  injection: { readonly patch: AddOperation[]; readonly warnings: Warning[] },
): boolean {
  if (!containers) return false
  let isReached = false
  for (let index = 0; index < containers.length; index++) {
    const container = containers[index]
    if (container === undefined || skipped.has(container.name)) continue
    isReached = true
    addToContainer(container, `${path}/${index}`, parts, injection)
  }
  return isReached
}

function addToContainer(
  container: Container,
  path: string,
  parts: FixedParts,
  { patch, warnings }: { readonly patch: AddOperation[]; readonly warnings: Warning[] },
): void {
  const isMounted = hasTokenMount(container, parts.mount)
  const missing = findMissing(container, parts)
  if (missing !== 0) {
    const variables = parts.variablesByMissing[missing] ?? []
    addVariables(container, variables, `${path}/env`, patch)
    if (!isMounted) addTokenMount(container, parts, `${path}/volumeMounts`, patch)
  }
  const hasOwnVariables = (missing & MISSING.method) === 0
  if (!hasOwnVariables && !isMounted) return
  const problem = findOwnProblem(container, parts, {
    hasOwnVariables,
    isTokenMounted: isMounted || missing !== 0,
  })
  if (problem !== undefined) warnings.push(problem)
}

/** The groups that a container has no variable of, whatever its value, as a sum of their bits. */
function findMissing(container: Container, { methodNames }: FixedParts): number {
  let missing: number = MISSING.regionalSts | MISSING.region | MISSING.method
  for (const { name } of container.env ?? []) {
    if (!name.startsWith('AWS_')) continue
    if (REGIONAL_STS_NAMES.includes(name)) missing &= ~MISSING.regionalSts
    else if (REGION_NAMES.includes(name)) missing &= ~MISSING.region
    else if (methodNames.includes(name)) missing &= ~MISSING.method
  }
  return missing
}

/**
 * Whether a container mounts the token volume, or anything else where the token would go: the API server rejects two
 * mounts at one path.
 */
function hasTokenMount(container: Container, mount: TokenMount): boolean {
  const path = withoutTrailingSlash(mount.mountPath)
  return (container.volumeMounts ?? []).some(
    (existing) => existing.name === mount.volumeName || withoutTrailingSlash(existing.mountPath) === path,
  )
}

/** Appends variables to a container's own, or adds the list where it has none. */
function addVariables(
  container: Container,
  variables: readonly Variable[],
  path: string,
  patch: AddOperation[],
): void {
  if (variables.length === 0) return
  if (!container.env) patch.push({ op: 'add', path, value: variables })
  else for (const variable of variables) patch.push({ op: 'add', path: `${path}/-`, value: variable })
}

function addTokenMount(container: Container, parts: FixedParts, path: string, patch: AddOperation[]): void {
  patch.push(
    container.volumeMounts
      ? { op: 'add', path: `${path}/-`, value: parts.volumeMount }
      : { op: 'add', path, value: parts.volumeMounts },
  )
}

function addLabel(pod: Pod, patch: AddOperation[]): void {
  const { key, value } = CONTAINER_CREDENTIALS_LABEL
  const labels = pod.metadata?.labels
  if (labels?.[key] === value) return
  if (!pod.metadata) patch.push({ op: 'add', path: '/metadata', value: { labels: { [key]: value } } })
  else if (!labels) patch.push({ op: 'add', path: '/metadata/labels', value: { [key]: value } })
  else patch.push({ op: 'add', path: `/metadata/labels/${escapePointer(key)}`, value })
}

/** A key as a token of a JSON Pointer (RFC 6901, section 3). */
export function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
