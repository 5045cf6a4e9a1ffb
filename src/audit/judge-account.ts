import type { AccountAnnotations } from '../webhook/identity/account.ts'
import { isRoleArn } from '../webhook/identity/role-arn.ts'
import { describeWarning } from '../webhook/identity/warnings.ts'
import type { PodFinding } from './judge-pod.ts'

/** What is wrong with the annotations of a ServiceAccount, by the webhook's own warnings. `role` is the ARN that its pods get. */
export function judgeAnnotations(
  { role: written, warnings }: AccountAnnotations,
  role: string,
): readonly PodFinding[] {
  const mistyped = warnings.filter(({ code }) => code === 'mistyped_prefix')
  const others = warnings.filter(({ code }) => code !== 'mistyped_prefix')
  const details = [
    ...(written !== '' && !isRoleArn(role) ? ['its role is not the ARN of an IAM role'] : []),
    ...others.map(describeWarning),
  ]
  return [
    ...details.map((detail) => ({ code: 'invalid_annotation' as const, detail })),
    ...mistyped.map((warning) => ({ code: 'mistyped_prefix' as const, detail: describeWarning(warning) })),
  ]
}
