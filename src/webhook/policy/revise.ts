import type { Decision } from '../identity/decide.ts'
import type { ReasonCode } from '../identity/reasons.ts'
import type { MutationSettings } from '../identity/settings.ts'
import type { Warning } from '../identity/warnings.ts'
import {
  type AddOperation,
  escapePointer,
  type Injection,
  type PatchOperation,
} from '../injection/build-patch.ts'
import type { Injector } from '../injection/injector.ts'
import type { Pod, Volume } from '../injection/pod.ts'
import { MARK_ANNOTATION, parseMark, WEBHOOK_MARK } from './mark.ts'
import {
  describeMount,
  describeVariable,
  describeVolume,
  type StrippedPod,
  stripPolicyParts,
} from './policy-parts.ts'

/** What becomes of a pod that the policy has given an identity. */
export interface Revision {
  readonly reason: ReasonCode
  readonly patch: readonly PatchOperation[]
  readonly warnings: readonly Warning[]
}

/** What the webhook knows of the pod's ServiceAccount. */
export interface RevisionKnowledge {
  readonly decision: Decision
  /** Its resourceVersion, where all that counts was read after the review came. */
  readonly readVersion: string | undefined
  /** Where it was not: the resourceVersion up to which its changes are known. */
  readonly memoryVersion: string | undefined
  /** Whether mappings are known here; else only the policy knows them. */
  readonly areMappingsKnown: boolean
}

/** Decides about a pod after the policy; `undefined` where the policy gave it nothing, so that it is a pod as any other. */
export type Reviser = (pod: Pod, knowledge: RevisionKnowledge) => Revision | undefined

/**
 * Creates a reviser. The policy believes a watch, which lags: where the ServiceAccount was read later and says otherwise, what the
 * policy added is taken out, and what it should have added is added.
 */
export function createReviser(settings: MutationSettings, inject: Injector): Reviser {
  function injectInto(pod: Pod, { identity, skipContainers }: Decision): Injection {
    return identity === undefined ? { patch: [], warnings: [] } : inject(pod, identity, skipContainers)
  }

  return (pod, knowledge) => {
    const mark = parseMark(pod.metadata?.annotations?.[MARK_ANNOTATION])
    if (mark === undefined) return undefined
    const stripped = stripPolicyParts(pod, mark, settings)
    if (stripped.removals.length === 0) return undefined
    const { decision } = knowledge
    if (isPolicyRight(knowledge, mark.resourceVersion)) {
      const { patch, warnings } = injectInto(pod, decision)
      const isKnown = decision.reason !== 'lookup_failed'
      return {
        reason: patch.length === 0 ? 'injected_by_policy' : decision.reason,
        patch,
        warnings: isKnown ? [...decision.warnings, ...warnings] : [],
      }
    }
    const injection = injectInto(stripped.pod, decision)
    const warnings = [...decision.warnings, ...injection.warnings]
    if (isSame(stripped, injection.patch)) return { reason: 'injected_by_policy', patch: [], warnings }
    return {
      reason: decision.identity === undefined ? 'policy_taken_out' : 'policy_put_right',
      patch: [...stripped.removals, ...injection.patch, MARK_OPERATION],
      warnings,
    }
  }
}

/** From now on the policy, which is asked again after webhooks, leaves the pod alone. */
const MARK_OPERATION: AddOperation = {
  op: 'add',
  path: `/metadata/annotations/${escapePointer(MARK_ANNOTATION)}`,
  value: WEBHOOK_MARK,
}

/** Whether there is nothing that could know better than the policy. */
function isPolicyRight(knowledge: RevisionKnowledge, seenVersion: string): boolean {
  const { decision, readVersion, memoryVersion, areMappingsKnown } = knowledge
  // Container credentials go before any role, whoever tells of them.
  if (decision.reason === 'container_credentials') return false
  if (decision.reason === 'lookup_failed') return true
  // Memory that has come past what the policy saw is no older than the policy's.
  if (readVersion === undefined) return !isAtLeast(memoryVersion, seenVersion)
  if (readVersion !== seenVersion) return false
  // The same ServiceAccount. Without a role of its own, the policy has it from mappings.
  return decision.reason === 'role_annotation' || !areMappingsKnown
}

function isAtLeast(version: string | undefined, other: string): boolean {
  return version !== undefined && /^\d+$/.test(version) && BigInt(version) >= BigInt(other)
}

function isSame({ parts }: StrippedPod, patch: readonly AddOperation[]): boolean {
  const added = patch.flatMap(describeAddition)
  return parts.toSorted().join('\n') === added.toSorted().join('\n')
}

const ADDITION = /^(?<path>\/spec\/(?:initContainers|containers)\/\d+)\/(?<list>env|volumeMounts)(?:\/-)?$/

/** What an operation of the injection adds, in the words of what is taken out. */
function describeAddition({ path, value }: AddOperation): readonly string[] {
  const items = (Array.isArray(value) ? value : [value]) as readonly unknown[]
  const { path: container = '', list } = ADDITION.exec(path)?.groups ?? {}
  if (list === 'env')
    return (items as readonly { name: string; value: unknown }[]).map((variable) =>
      describeVariable(container, variable.name, variable.value),
    )
  if (list === 'volumeMounts')
    return (items as readonly { mountPath: string }[]).map(({ mountPath }) =>
      describeMount(container, mountPath),
    )
  return (items as readonly Volume[]).map(describeVolume)
}
