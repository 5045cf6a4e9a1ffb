import { countCharacters } from './json-spans.ts'

/**
 * IAM's quota "Role trust policy length" (L-C07B4B0D): 2048 characters without white space, up to 4096 on request.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const QUOTA_CHARACTERS = 2048

/** Says that a policy is over the quota; `undefined` where it is not. The account may have more than the default. */
export function findSizeWarning(text: string): string | undefined {
  const characters = countCharacters(text)
  if (characters <= QUOTA_CHARACTERS) return undefined
  return `the policy has ${characters} characters without white space; unless the account's quota "Role trust policy length" (L-C07B4B0D) was raised, IAM takes ${QUOTA_CHARACTERS}: name ServiceAccounts by patterns such as NAMESPACE/*, or use more roles`
}
