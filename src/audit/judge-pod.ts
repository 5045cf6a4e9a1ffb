import type { Account } from '../webhook/identity/account.ts'
import { createDecider, findExemption, type Identity } from '../webhook/identity/decide.ts'
import type { MutationSettings } from '../webhook/identity/settings.ts'
import { createInjector } from '../webhook/injection/injector.ts'
import type { Container } from '../webhook/injection/pod.ts'
import { parseSkipContainers } from '../webhook/injection/skip-containers.ts'
import { isTokenVolume } from '../webhook/injection/token-volume.ts'
import type { FindingCode } from './findings.ts'
import { type ListedPod, readVariable } from './pod-record.ts'

/** A finding about one pod. */
export interface PodFinding {
  readonly code: FindingCode
  /** One line. */
  readonly detail: string
}

/** What of the cluster a pod is judged by. */
export interface PodSurroundings {
  readonly account: Account
  /** When the ServiceAccount's role was last written, in milliseconds since 1970; undefined where nobody knows. */
  readonly annotatedAtMs: number | undefined
  /** Why API servers do not ask the webhook for the pod; undefined where they do. */
  readonly exclusion: string | undefined
}

/** What a pod comes to. */
export interface PodVerdict {
  /** The role that it should have; empty where it should have none, or another method's credentials. */
  readonly role: string
  readonly findings: readonly PodFinding[]
}

export type PodJudge = (pod: ListedPod, surroundings: PodSurroundings) => PodVerdict

/** Shorter tokens are worth a look: an hour is what sessions last by default. */
const SHORT_SECONDS = 3600

/** Makes what judges pods: by the webhook's own decision, and its own patch, which holds what a pod lacks. */
export function createPodJudge(settings: MutationSettings): PodJudge {
  const decide = createDecider(settings)
  const inject = createInjector(settings)

  return (pod, { account, annotatedAtMs, exclusion }) => {
    const nothing = { role: '', findings: [] }
    if (findExemption(pod) !== undefined) return nothing
    const subject = { namespace: pod.metadata.namespace, pod }
    const { identity, skipContainers } = decide(account, subject, () => 0)
    if (identity === undefined) {
      const role = findInjectedRole(pod, settings)
      return role === undefined || account.state === 'unavailable'
        ? nothing
        : { role: '', findings: [{ code: 'role_gone', detail: `it has ${role}` }] }
    }
    const role = identity.method === 'web_identity' ? identity.roleArn : ''
    const skipped = parseSkipContainers(skipContainers ?? '') ?? new Set()
    const containers = listContainers(pod).filter(({ name }) => !skipped.has(name))
    if (containers.length === 0) return { role, findings: [] }
    const lacking = findLacking(containers, identity)
    if (lacking.length > 0)
      return { role, findings: [explainMissing(pod, { containers, lacking, annotatedAtMs, exclusion })] }
    const { patch } = inject(pod, identity, skipContainers)
    return { role, findings: findStale(pod, containers, { identity, settings, patch }) }
  }
}

function listContainers({ spec }: ListedPod): readonly Container[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
}

const METHODS = {
  web_identity: ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'],
  container_credentials: ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'],
} as const

/** The containers that have no variable of the method: what somebody set by hand counts as theirs. */
function findLacking(containers: readonly Container[], { method }: Identity): readonly Container[] {
  const names: readonly string[] = METHODS[method]
  return containers.filter(({ env }) => !env?.some(({ name }) => names.includes(name)))
}

function explainMissing(
  pod: ListedPod,
  {
    containers,
    lacking,
    annotatedAtMs,
    exclusion,
  }: {
    readonly containers: readonly Container[]
    readonly lacking: readonly Container[]
    readonly annotatedAtMs: number | undefined
    readonly exclusion: string | undefined
  },
): PodFinding {
  const names = lacking.map(({ name }) => name).join(', ')
  if (lacking.length < containers.length)
    return { code: 'partly_missed', detail: `containers without: ${names}` }
  if (exclusion !== undefined) return { code: 'excluded_by_selector', detail: exclusion }
  const createdAtMs = Date.parse(pod.metadata.creationTimestamp ?? '')
  if (annotatedAtMs !== undefined && createdAtMs < annotatedAtMs) {
    const at = new Date(annotatedAtMs).toISOString()
    return { code: 'not_restarted_since_annotation', detail: `the role was written at ${at}` }
  }
  return { code: 'missed', detail: '' }
}

function findStale(
  pod: ListedPod,
  containers: readonly Container[],
  {
    identity,
    settings,
    patch,
  }: {
    readonly identity: Identity
    readonly settings: MutationSettings
    readonly patch: readonly { readonly value?: unknown }[]
  },
): readonly PodFinding[] {
  const findings: PodFinding[] = []
  const mount = identity.method === 'web_identity' ? settings.webIdentity : settings.containerCredentials
  const token = findToken(pod, mount)
  // Without our token volume, variables are somebody's own.
  if (token === undefined) return findings
  const injected = containers.filter(({ volumeMounts }) =>
    volumeMounts?.some(({ name }) => name === mount.volumeName),
  )
  if (identity.method === 'web_identity') {
    const other = injected
      .map((container) => readVariable(container, 'AWS_ROLE_ARN'))
      .find((role) => role !== undefined && role !== identity.roleArn)
    if (other !== undefined) findings.push({ code: 'stale_role', detail: `it has ${other}` })
  }
  const audience =
    identity.method === 'web_identity' ? identity.audience : settings.containerCredentials.audience
  if ((token.audience ?? '') !== audience)
    findings.push({ code: 'stale_audience', detail: `it has ${token.audience ?? 'the API server’s own'}` })
  const isRegional = injected.some(
    (container) => readVariable(container, 'AWS_STS_REGIONAL_ENDPOINTS') === 'regional',
  )
  const isRegionalMissing = patch.some((operation) =>
    JSON.stringify(operation).includes('"AWS_STS_REGIONAL_ENDPOINTS"'),
  )
  if (isRegionalMissing || (isRegional && !identity.isRegionalSts))
    findings.push({ code: 'stale_regional_sts', detail: isRegional ? 'it has regional' : 'it has none' })
  if (token.expirationSeconds !== undefined && token.expirationSeconds < SHORT_SECONDS)
    findings.push({ code: 'token_short_lived', detail: `${token.expirationSeconds} seconds` })
  return findings
}

interface TokenProjection {
  readonly audience?: string
  readonly expirationSeconds?: number
  readonly path?: string
}

function findToken({ spec }: ListedPod, mount: MutationSettings['webIdentity']): TokenProjection | undefined {
  const volume = spec.volumes?.find(({ name }) => name === mount.volumeName)
  if (volume === undefined || !isTokenVolume(volume, mount)) return undefined
  return volume.projected?.sources
    ?.map((source) => source.serviceAccountToken as TokenProjection | undefined)
    .find((projection) => projection?.path === mount.tokenPath)
}

/** The role that somebody injected: beside our token volume, not one that the pod's author wrote alone. */
function findInjectedRole(pod: ListedPod, { webIdentity }: MutationSettings): string | undefined {
  if (findToken(pod, webIdentity) === undefined) return undefined
  return listContainers(pod)
    .map((container) => readVariable(container, 'AWS_ROLE_ARN'))
    .find((role) => role !== undefined)
}
