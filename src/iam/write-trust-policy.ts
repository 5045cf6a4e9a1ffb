import type { Issuer } from './issuer-url.ts'
import { createTrustPolicy, mergeTrust } from './merge-trust.ts'
import { findRefusals } from './policy-refusals.ts'
import { findSizeWarning } from './policy-size.ts'
import { parseTrustPolicy } from './trust-policy.ts'
import { type Account, nameProvider, type TrustRequest } from './trust-request.ts'

/** What a policy is to say, and what it says already. */
export interface WrittenPolicyRequest {
  readonly issuer: Issuer
  readonly account: Account
  readonly trust: Pick<TrustRequest, 'subjects' | 'audience' | 'isReplacing'>
  /** JSON; `undefined` for a new policy. */
  readonly policyText: string | undefined
}

/** A policy as text. */
export interface WrittenPolicy {
  readonly text: string
  /** What people should know of it, a line each. */
  readonly warnings: readonly string[]
}

/** Writes a role's trust policy without asking anybody. Throws an Error of one line where `policyText` is no policy. */
export function writeTrustPolicy({
  issuer,
  account,
  trust,
  policyText,
}: WrittenPolicyRequest): WrittenPolicy {
  const { hostPath } = issuer
  const request = { ...trust, hostPath, providerArn: nameProvider(account, issuer) }
  const { text, warnings } =
    policyText === undefined ? createTrustPolicy(request) : mergeTrust(policyText, request)
  const sizeWarning = findSizeWarning(text)
  const refusals = findRefusals(parseTrustPolicy(text)).map(
    (refusal) => `IAM refuses this policy: ${refusal}`,
  )
  return { text, warnings: [...warnings, ...refusals, ...(sizeWarning === undefined ? [] : [sizeWarning])] }
}
