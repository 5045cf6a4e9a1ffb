import type { CheckResult, Verdict } from './verdict.ts'

/** Who is told of checks. */
export interface CheckAudience<Id extends string> {
  /** A check begins. */
  readonly begin: (id: Id) => void
  /** A check has ended. */
  readonly end: (result: CheckResult<Id>) => void
}

/** Notes the checks, and tells of each when it begins and ends. */
export function createCheckList<Id extends string>({ begin, end }: CheckAudience<Id>) {
  const results: CheckResult<Id>[] = []
  const check = async <Outcome extends { readonly verdict: Verdict }>(
    id: Id,
    make: () => Promise<Outcome>,
  ): Promise<Outcome> => {
    begin(id)
    const outcome = await make()
    const result = { id, ...outcome.verdict }
    results.push(result)
    end(result)
    return outcome
  }
  return { results, check }
}
