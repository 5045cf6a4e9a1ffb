import type { Accounts } from './accounts/accounts.ts'
import { admit, type ReviewAnswer, refuse } from './admission/answer.ts'
import { createPatchWriter } from './admission/patch-text.ts'
import { parseReview, ReviewError, type ReviewRequest } from './admission/review.ts'
import { createDecider, type Decision, findExemption } from './identity/decide.ts'
import { REASONS, type ReasonCode } from './identity/reasons.ts'
import type { MutationSettings } from './identity/settings.ts'
import { describeWarning } from './identity/warnings.ts'
import type { Injection } from './injection/build-patch.ts'
import { createInjector } from './injection/injector.ts'
import type { Pod } from './injection/pod.ts'
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
  /** Whether a failed lookup is answered with HTTP 500 instead of an admitted pod without credentials. */
  readonly isLookupStrict: boolean
  readonly record: ReviewRecorder
  readonly now: () => number
  readonly random: () => number
}

/** Creates the reviewer: the way of one request, from a parsed body to its answer, is `review`, top to bottom. */
export function createReviewer(parts: ReviewerParts): Reviewer {
  const { accounts, settings, record, now, random } = parts
  const decide = createDecider(settings)
  const inject = createInjector(settings)
  const writePatch = createPatchWriter()

  async function review(body: unknown): Promise<ReviewAnswer> {
    const startMs = now()
    const elapsedSeconds = () => (now() - startMs) / 1000
    let request: ReviewRequest | undefined
    try {
      request = parseReview(body)
      const { pod, namespace } = request
      const decision = pod === undefined ? exempt('not_a_creation') : await decidePod(pod, namespace)
      const injection = injectInto(pod, decision)
      const settled = settle(request, decision, injection)
      record(settled, elapsedSeconds())
      if (settled.reason === 'lookup_failed' && parts.isLookupStrict) {
        return refuse(500, `${REASONS.lookup_failed.sentence}: ${decision.cause ?? ''}`)
      }
      const patch = injection.patch.length === 0 ? undefined : writePatch(injection.patch)
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

  async function decidePod(pod: Pod, namespace: string): Promise<Decision> {
    const exemption = findExemption(pod)
    if (exemption !== undefined) return exempt(exemption)
    const account = await accounts.find(namespace, pod.spec.serviceAccountName ?? '')
    return decide(account, { namespace, pod }, random)
  }

  function injectInto(pod: Pod | undefined, { identity, skipContainers }: Decision): Injection {
    if (pod === undefined || identity === undefined) return NO_INJECTION
    return inject(pod, identity, skipContainers)
  }

  function reject(reason: RejectionReason, detail: string): ReviewAnswer {
    record({ reason, identity: undefined, warnings: [], subject: undefined, cause: detail }, 0)
    return refuse(REJECTION_STATUS_CODES[reason], detail)
  }

  return { review, reject }
}

const NO_INJECTION: Injection = { patch: [], warnings: [] }

function exempt(reason: ReasonCode): Decision {
  return { identity: undefined, reason, skipContainers: undefined, warnings: [] }
}

/** What is told of a decision once the pod was looked at: an identity that adds nothing was there already. */
function settle(request: ReviewRequest, decision: Decision, injection: Injection): ReviewRecord {
  const { identity, cause } = decision
  const isAlreadyInjected = identity !== undefined && injection.patch.length === 0
  return {
    reason: isAlreadyInjected ? 'already_injected' : decision.reason,
    identity,
    warnings:
      injection.warnings.length === 0 ? decision.warnings : [...decision.warnings, ...injection.warnings],
    subject: describeRequest(request),
    cause,
  }
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
