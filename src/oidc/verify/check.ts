import type { CheckResult as Result } from '../../checks/verdict.ts'

export { type Flaw, fail, joinFlaws, pass, skip, type Verdict, warn } from '../../checks/verdict.ts'

/** The checks, in the order in which they are made. */
export const CHECK_IDS = [
  'issuer-reachable',
  'issuer-matches',
  'keys-published',
  'token-verifies',
  'provider-exists',
  'role-trusts',
  'role-assumable',
] as const

export type CheckId = (typeof CHECK_IDS)[number]

/** A check that was made, as `--output json` lists it. */
export type CheckResult = Result<CheckId>
