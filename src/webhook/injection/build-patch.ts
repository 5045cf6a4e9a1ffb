import type { Identity } from '../identity/decide.ts'
import type { MutationSettings, TokenMount } from '../identity/settings.ts'
import type { Warning } from '../identity/warnings.ts'
import type { Container, Pod } from './pod.ts'
import { parseSkipContainers } from './skip-containers.ts'
import { buildTokenVolume, isTokenVolume, tokenFilePath, tokenMountOf } from './token-volume.ts'

/** One operation of RFC 6902; the webhook only ever adds. */
export interface AddOperation {
  readonly op: 'add'
  readonly path: string
  readonly value: unknown
}

/** What changes in a pod, and what its author should know. */
export interface Injection {
  /** Empty where the pod needs nothing. */
  readonly patch: readonly AddOperation[]
  readonly warnings: readonly Warning[]
}

/** Label of the pods that get container credentials, which the EKS Pod Identity agent's tools look for. */
const CONTAINER_CREDENTIALS_LABEL = { key: 'eks.amazonaws.com/pod-identity', value: 'enabled' }

/**
 * Builds the operations that give a pod its identity: only what is missing is added, so a second run over the result
 * adds nothing and fields that are not known here stay as they came.
 *
 * `skipContainers` is the text of the pod's annotation.
 */
export function buildPatch(
  pod: Pod,
  identity: Identity,
  settings: MutationSettings,
  skipContainers: string | undefined,
): Injection {
  const patch: AddOperation[] = []
  const warnings: Warning[] = []
  const mount = tokenMountOf(identity, settings)
  addTokenVolume(pod, identity, settings, patch, warnings)

  const skipped =
    skipContainers === undefined ? NOTHING_SKIPPED : readSkipped(pod, skipContainers, settings, warnings)
  const additions = listAdditions(identity, settings, tokenFilePath(mount, pod))
  const injectedCount =
    addToContainers(pod.spec.initContainers, '/spec/initContainers', skipped, additions, mount, patch) +
    addToContainers(pod.spec.containers, '/spec/containers', skipped, additions, mount, patch)
  if (injectedCount === 0) warnings.push({ code: 'no_container_injected', subject: 'the pod' })

  if (identity.method === 'container_credentials') addLabel(pod, patch)
  return { patch, warnings }
}

const NOTHING_SKIPPED: ReadonlySet<string> = new Set()

function readSkipped(
  pod: Pod,
  text: string,
  settings: MutationSettings,
  warnings: Warning[],
): ReadonlySet<string> {
  const skipped = parseSkipContainers(text)
  const annotation = `annotation ${settings.annotationPrefix}/skip-containers of the pod`
  if (skipped === undefined) {
    warnings.push({ code: 'value_ignored', subject: annotation })
    return NOTHING_SKIPPED
  }
  for (const name of skipped) {
    const hasName = (container: Container) => container.name === name
    if (!pod.spec.containers?.some(hasName) && !pod.spec.initContainers?.some(hasName)) {
      warnings.push({ code: 'unknown_skip_container', subject: `${JSON.stringify(name)} in ${annotation}` })
    }
  }
  return skipped
}

function addTokenVolume(
  pod: Pod,
  identity: Identity,
  settings: MutationSettings,
  patch: AddOperation[],
  warnings: Warning[],
): void {
  const mount = tokenMountOf(identity, settings)
  const { volumes } = pod.spec
  const existing = volumes?.find((volume) => volume.name === mount.volumeName)
  if (existing !== undefined) {
    if (!isTokenVolume(existing, mount)) warnings.push({ code: 'foreign_volume', subject: mount.volumeName })
    return
  }
  const volume = buildTokenVolume(identity, settings)
  patch.push(
    volumes
      ? { op: 'add', path: '/spec/volumes/0', value: volume }
      : { op: 'add', path: '/spec/volumes', value: [volume] },
  )
}

/** What an identity adds to a container; each group of variables where the container has none of the group. */
interface Additions {
  readonly regionalSts: readonly Variable[]
  readonly region: readonly Variable[]
  readonly method: readonly Variable[]
  readonly volumeMount: { readonly name: string; readonly readOnly: true; readonly mountPath: string }
}

interface Variable {
  readonly name: string
  readonly value: string
}

function listAdditions(identity: Identity, settings: MutationSettings, tokenFile: string): Additions {
  const region = settings.awsDefaultRegion
  const mount = tokenMountOf(identity, settings)
  return {
    regionalSts: identity.isRegionalSts ? [{ name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' }] : [],
    region:
      region === undefined
        ? []
        : [
            { name: 'AWS_DEFAULT_REGION', value: region },
            { name: 'AWS_REGION', value: region },
          ],
    method:
      identity.method === 'web_identity'
        ? [
            { name: 'AWS_ROLE_ARN', value: identity.roleArn },
            { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: tokenFile },
          ]
        : [
            { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: settings.containerCredentials.fullUri },
            { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: tokenFile },
          ],
    volumeMount: { name: mount.volumeName, readOnly: true, mountPath: mount.mountPath },
  }
}

/** Adds to every container that is not skipped; gives how many have the identity’s credentials now. */
function addToContainers(
  containers: readonly Container[] | null | undefined,
  path: string,
  skipped: ReadonlySet<string>,
  additions: Additions,
  mount: TokenMount,
  patch: AddOperation[],
): number {
  if (!containers) return 0
  let injectedCount = 0
  for (let index = 0; index < containers.length; index++) {
    const container = containers[index]
    if (container === undefined || skipped.has(container.name)) continue
    if (addToContainer(container, `${path}/${index}`, additions, mount, patch)) injectedCount++
  }
  return injectedCount
}

/** Gives whether the container has the identity’s credentials now: variables of ours, or its own beside our mount. */
function addToContainer(
  container: Container,
  path: string,
  additions: Additions,
  mount: TokenMount,
  patch: AddOperation[],
): boolean {
  const isMounted = hasTokenMount(container, mount)
  const has = findVariables(container, additions)
  if (!(has.method && has.region && has.regionalSts)) {
    const missing: Variable[] = []
    if (!has.regionalSts) missing.push(...additions.regionalSts)
    if (!has.region) missing.push(...additions.region)
    if (!has.method) missing.push(...additions.method)
    addItems(missing, container.env, `${path}/env`, patch)
    if (!isMounted) addItems([additions.volumeMount], container.volumeMounts, `${path}/volumeMounts`, patch)
  }
  return isMounted || !has.method
}

/** Which groups a container has a variable of, whatever its value. */
function findVariables(
  container: Container,
  { method }: Additions,
): { readonly regionalSts: boolean; readonly region: boolean; readonly method: boolean } {
  const has = { regionalSts: false, region: false, method: false }
  for (const { name } of container.env ?? []) {
    if (!name.startsWith('AWS_')) continue
    if (name === 'AWS_STS_REGIONAL_ENDPOINTS') has.regionalSts = true
    else if (name === 'AWS_REGION' || name === 'AWS_DEFAULT_REGION') has.region = true
    else if (method.some((variable) => variable.name === name)) has.method = true
  }
  return has
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

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

/** Appends items to a list of the pod, or adds the list where the pod has none. */
function addItems(
  items: readonly unknown[],
  existing: readonly unknown[] | null | undefined,
  path: string,
  patch: AddOperation[],
): void {
  if (items.length === 0) return
  if (!existing) patch.push({ op: 'add', path, value: items })
  else for (const item of items) patch.push({ op: 'add', path: `${path}/-`, value: item })
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
function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
