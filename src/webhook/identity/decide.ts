import type { Pod } from '../injection/pod.ts'
import { type Account, type AccountAnnotations, type AccountMapping, NO_ANNOTATIONS } from './account.ts'
import { type PodAnnotations, parsePodAnnotations, warnOfRoleArn } from './annotations.ts'
import type { ReasonCode } from './reasons.ts'
import { composeRoleArn, isRoleArn } from './role-arn.ts'
import type { MutationSettings } from './settings.ts'
import type { Warning } from './warnings.ts'

/** The AWS identity of a pod, by the method that its SDKs get credentials with. */
export type Identity =
  | {
      /** STS AssumeRoleWithWebIdentity. */
      readonly method: 'web_identity'
      readonly roleArn: string
      readonly audience: string
      readonly tokenExpirationSeconds: number
      readonly isRegionalSts: boolean
    }
  | {
      /** EKS Pod Identity: an agent on the node answers at a URI. */
      readonly method: 'container_credentials'
      readonly tokenExpirationSeconds: number
      readonly isRegionalSts: boolean
    }

/** What a pod gets, always with the reason; `identity` is absent where it gets nothing. */
export interface Decision {
  readonly identity: Identity | undefined
  readonly reason: ReasonCode
  /** The containers that the pod's annotation leaves alone, as its text. */
  readonly skipContainers: string | undefined
  readonly warnings: readonly Warning[]
  /** Why nobody knows, in one line, where the reason is `lookup_failed`. */
  readonly cause?: string | undefined
}

/** Label that keeps a pod out altogether; the webhook configuration's objectSelector usually sees to it. */
export const SKIP_LABEL = 'eks.amazonaws.com/skip-pod-identity-webhook'

/** Annotation that the kubelet gives the mirror pods of static pods; the API server lets them use no ServiceAccount. */
export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'

/** Why a pod gets nothing whatever its ServiceAccount says; `undefined` when the ServiceAccount matters. */
export function findExemption(pod: Pod): ReasonCode | undefined {
  if (pod.metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined) return 'mirror_pod'
  if (pod.metadata?.labels?.[SKIP_LABEL] !== undefined) return 'opted_out'
  if (!pod.spec.serviceAccountName) return 'no_service_account'
  return undefined
}

/**
 * Settles the identity of a pod from what is known of its ServiceAccount: container credentials first, then the role of
 * the ServiceAccount's annotations, then the ConfigMap's. Sources do not mix: one of them configures everything.
 *
 * `random` gives numbers from 0 to under 1; it spreads the refresh of container credentials tokens over two hours.
 */
export type Decider = (
  account: Account,
  subject: { readonly namespace: string; readonly pod: Pod },
  random: () => number,
) => Decision

/** Creates a decider, which gives the same Identity object for a source as long as the pod does not change it. */
export function createDecider(settings: MutationSettings): Decider {
  const webIdentities = new WeakMap<AccountAnnotations | AccountMapping, WebIdentity>()

  function findWebIdentity(source: AccountAnnotations | AccountMapping, pod: PodAnnotations): WebIdentity {
    if (pod.tokenExpirationSeconds !== undefined) return settleWebIdentity(source, pod, settings)
    let identity = webIdentities.get(source)
    if (identity === undefined) {
      identity = settleWebIdentity(source, pod, settings)
      webIdentities.set(source, identity)
    }
    return identity
  }

  return (account, { namespace, pod }, random) => {
    const annotations = account.state === 'known' ? account.annotations : NO_ANNOTATIONS
    const podAnnotations = parsePodAnnotations(pod.metadata?.annotations ?? undefined, {
      prefix: settings.annotationPrefix,
      subject: 'the pod',
    })
    const { skipContainers } = podAnnotations
    const describeAccount = () => `ServiceAccount ${namespace}/${pod.spec.serviceAccountName}`

    if (account.hasContainerCredentials) {
      const tokenExpirationSeconds = settleTokenExpiration(annotations, podAnnotations, settings)
      return {
        identity: {
          method: 'container_credentials',
          tokenExpirationSeconds: spreadTokenExpiration(tokenExpirationSeconds, random),
          isRegionalSts: annotations.isRegionalSts ?? settings.defaults.isRegionalSts,
        },
        reason: 'container_credentials',
        skipContainers,
        warnings: [...annotations.warnings, ...podAnnotations.warnings],
      }
    }
    if (account.state === 'unavailable') {
      return {
        identity: undefined,
        reason: 'lookup_failed',
        skipContainers,
        warnings: [{ code: 'lookup_failed', subject: `${describeAccount()} (${account.cause})` }],
        cause: account.cause,
      }
    }
    if (annotations.role !== '') {
      const identity = findWebIdentity(annotations, podAnnotations)
      const warnings = [...annotations.warnings, ...podAnnotations.warnings]
      if (!isRoleArn(identity.roleArn)) warnings.unshift(warnOfRoleArn(identity.roleArn, describeAccount()))
      return { identity, reason: 'role_annotation', skipContainers, warnings }
    }
    // An entry without a role still stands before the globs, and says that there is none.
    if (account.mapping !== undefined && account.mapping.role !== '') {
      const identity = findWebIdentity(account.mapping, podAnnotations)
      const warnings = [...podAnnotations.warnings]
      if (!isRoleArn(identity.roleArn)) warnings.unshift(warnOfRoleArn(identity.roleArn, describeAccount()))
      return { identity, reason: 'role_mapping', skipContainers, warnings }
    }
    return {
      identity: undefined,
      reason: account.state === 'absent' ? 'account_not_found' : 'no_role',
      skipContainers,
      warnings: annotations.warnings.filter((warning) => warning.code === 'mistyped_prefix'),
    }
  }
}

export type WebIdentity = Extract<Identity, { method: 'web_identity' }>

/** What a source and the flags make of a pod; the pod's own annotation wins. */
export function settleWebIdentity(
  source: AccountAnnotations | AccountMapping,
  podAnnotations: Pick<PodAnnotations, 'tokenExpirationSeconds'>,
  settings: MutationSettings,
): WebIdentity {
  return {
    method: 'web_identity',
    roleArn: composeRoleArn(source.role, settings.roleArnParts),
    audience: source.audience ?? settings.defaults.audience,
    tokenExpirationSeconds: settleTokenExpiration(source, podAnnotations, settings),
    isRegionalSts: source.isRegionalSts ?? settings.defaults.isRegionalSts,
  }
}

function settleTokenExpiration(
  source: AccountAnnotations | AccountMapping,
  podAnnotations: Pick<PodAnnotations, 'tokenExpirationSeconds'>,
  settings: MutationSettings,
): number {
  return (
    podAnnotations.tokenExpirationSeconds ??
    source.tokenExpirationSeconds ??
    settings.defaults.tokenExpirationSeconds
  )
}

/** A day, the longest that tokens live: the one value that the container credentials method spreads. */
const SPREAD_TOKEN_EXPIRATION_SECONDS = 86_400
const LEAST_SPREAD_TOKEN_EXPIRATION_SECONDS = 79_200

function spreadTokenExpiration(seconds: number, random: () => number): number {
  if (seconds !== SPREAD_TOKEN_EXPIRATION_SECONDS) return seconds
  const choices = SPREAD_TOKEN_EXPIRATION_SECONDS - LEAST_SPREAD_TOKEN_EXPIRATION_SECONDS + 1
  return LEAST_SPREAD_TOKEN_EXPIRATION_SECONDS + Math.floor(random() * choices)
}
