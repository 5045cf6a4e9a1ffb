import type { Accounts } from './accounts/accounts.ts'
import { admit, type ReviewAnswer, refuse } from './admission/answer.ts'
import { createPatchWriter } from './admission/patch-text.ts'
import { parseReview, ReviewError, type ReviewRequest } from './admission/review.ts'
import { createDecider, type Decision, findExemption } from './identity/decide.ts'
import { REASONS, type ReasonCode } from './identity/reasons.ts'
import type { MutationSettings } from './identity/settings.ts'
import { describeWarning } from './identity/warnings.ts'
import type { PatchOperation } from './injection/build-patch.ts'
import { createDebugInjector, createInjector } from './injection/injector.ts'
import type { Pod } from './injection/pod.ts'
import { createReviser, type Revision } from './policy/revise.ts'
import type { ReviewRecord, ReviewRecorder, ReviewSubject } from './review-recorder.ts'

/** Answers reviews; never throws or rejects, and records each answer once. */
export interface Reviewer {
  /** `body` is parsed JSON. */
  review(body: unknown): Promise<ReviewAnswer>
  /** Answers a request that never became JSON; `detail` is one line without anything of the body. */
  reject(reason: RejectionReason, detail: string): ReviewAnswer
}

/** Why a request is not even looked at, with the HTTP status that says so. */
const REJECTION_STATUS_CODES = {
  body_unreadable: 400,
  body_too_large: 413,
  wrong_content_type: 415,
} as const

export type RejectionReason = keyof typeof REJECTION_STATUS_CODES

/** What a reviewer works with; clock in milliseconds, `random` from 0 to under 1. */
export interface ReviewerParts {
  readonly accounts: Pick<Accounts, 'find'>
  readonly settings: MutationSettings
  /** Whether the ConfigMap of mappings is known, so that a policy's word of it can be doubted. */
  readonly areMappingsKnown: boolean
  /** Whether a failed lookup is answered with HTTP 500 instead of an admitted pod without credentials. */
  readonly isLookupStrict: boolean
  readonly record: ReviewRecorder
  readonly now: () => number
  readonly random: () => number
}

/** Creates the reviewer: the way of one request, from a parsed body to its answer, is `review`, top to bottom. */
export function createReviewer(parts: ReviewerParts): Reviewer {
  const { accounts, settings, areMappingsKnown, record, now, random } = parts
  const decide = createDecider(settings)
  const inject = createInjector(settings)
  const injectDebugContainers = createDebugInjector(settings)
  const revise = createReviser(settings, inject)
  const writePatch = createPatchWriter()

  async function review(body: unknown): Promise<ReviewAnswer> {
    const startMs = now()
    const elapsedSeconds = () => (now() - startMs) / 1000
    let request: ReviewRequest | undefined
    try {
      request = parseReview(body)
      const { pod, namespace } = request
      const decided = pod === undefined ? NOT_A_CREATION : await decidePod(pod, namespace)
      const { decision } = decided
      const change = changePod(request, decided)
      const settled = settle(request, decision, change)
      record(settled, elapsedSeconds())
      if (settled.reason === 'lookup_failed' && parts.isLookupStrict) {
        return refuse(500, `${REASONS.lookup_failed.sentence}: ${decision.cause ?? ''}`)
      }
      const patch = change.patch.length === 0 ? undefined : writePatch(change.patch)
      return admit(request, patch, {
        warnings: settled.warnings.map(describeWarning),
        auditAnnotations: auditAnnotations(settled),
      })
    } catch (error) {
      const { reason, line, statusCode, cause } = describeFailure(error)
      const subject = request && describeRequest(request)
      record({ reason, identity: undefined, warnings: [], subject, cause }, elapsedSeconds())
      return refuse(statusCode, line)
    }
  }

  async function decidePod(pod: Pod, namespace: string): Promise<DecidedPod> {
    const exemption = findExemption(pod)
    if (exemption !== undefined) return exempt(exemption)
    const account = await accounts.find(namespace, pod.spec.serviceAccountName ?? '')
    const { readVersion, memoryVersion } =
      account.state === 'known' ? { ...NO_VERSIONS, ...account } : NO_VERSIONS
    return { decision: decide(account, { namespace, pod }, random), readVersion, memoryVersion }
  }

  /** The pod's own change, or what becomes of the policy's where there was one. */
  function changePod(request: ReviewRequest, decided: DecidedPod): Revision {
    const { pod, debuggedWith: known } = request
    const { reason, identity, skipContainers, warnings } = decided.decision
    const nothing = { reason, warnings, patch: NOTHING }
    if (pod === undefined || EXEMPTIONS.has(reason)) return nothing
    if (known === undefined) {
      const revision = revise(pod, { ...decided, areMappingsKnown })
      if (revision !== undefined) return revision
    }
    if (identity === undefined) return nothing
    const injection =
      known === undefined
        ? inject(pod, identity, skipContainers)
        : injectDebugContainers(pod, identity, { skipContainers, known })
    if (injection === undefined) return { ...nothing, reason: 'no_token_volume' }
    return {
      // An identity that adds nothing was there already.
      reason: injection.patch.length === 0 ? 'already_injected' : reason,
      patch: injection.patch,
      warnings: injection.warnings.length === 0 ? warnings : [...warnings, ...injection.warnings],
    }
  }

  function reject(reason: RejectionReason, detail: string): ReviewAnswer {
    record({ reason, identity: undefined, warnings: [], subject: undefined, cause: detail }, 0)
    return refuse(REJECTION_STATUS_CODES[reason], detail)
  }

  return { review, reject }
}

const NOTHING: readonly PatchOperation[] = []
const NO_VERSIONS = { readVersion: undefined, memoryVersion: undefined }

/** A decision, and the resourceVersion that it rests on: read after the review came, or up to which memory knows. */
interface DecidedPod {
  readonly decision: Decision
  readonly readVersion: string | undefined
  readonly memoryVersion: string | undefined
}

function exempt(reason: ReasonCode): DecidedPod {
  return {
    decision: { identity: undefined, reason, skipContainers: undefined, warnings: [] },
    ...NO_VERSIONS,
  }
}

const NOT_A_CREATION = exempt('not_a_creation')

/** Pods that nobody may change, whatever a policy did. */
const EXEMPTIONS: ReadonlySet<ReasonCode> = new Set(['mirror_pod', 'opted_out', 'no_service_account'])

/** What is told of a decision once the pod was looked at. */
function settle(request: ReviewRequest, { identity, cause }: Decision, change: Revision): ReviewRecord {
  const { reason, warnings } = change
  return { reason, identity, warnings, subject: describeRequest(request), cause }
}

function describeRequest({ namespace, uid, isDryRun, pod }: ReviewRequest): ReviewSubject {
  return {
    namespace,
    uid,
    isDryRun,
    pod: pod?.metadata?.name || pod?.metadata?.generateName || undefined,
    serviceAccount: pod?.spec.serviceAccountName ?? undefined,
  }
}

function auditAnnotations({ reason, identity }: ReviewRecord): Readonly<Record<string, string>> {
  const { outcome } = REASONS[reason]
  if (identity === undefined) return { outcome, reason }
  if (identity.method === 'container_credentials') return { outcome, reason, method: identity.method }
  return { outcome, reason, method: identity.method, 'role-arn': identity.roleArn }
}

function describeFailure(error: unknown) {
  if (error instanceof ReviewError) {
    return { reason: error.reason, line: error.message, statusCode: 400, cause: error.message }
  }
  const cause =
    error instanceof Error ? (error.stack ?? error.message) : 'a value that is no Error was thrown'
  return { reason: 'internal_error' as const, line: REASONS.internal_error.sentence, statusCode: 500, cause }
}
