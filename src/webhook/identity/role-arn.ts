/** A role's name with its path, and its ARN in every partition, as the Go webhook checks them: regular expressions. */
export const ROLE_NAME_PATTERN = '[\\w/.@+=,-]+'
export const ROLE_ARN_PATTERN = `arn:aws[a-z0-9-]*:iam::\\d{12}:role/${ROLE_NAME_PATTERN}`

const ROLE_ARN = new RegExp(`^${ROLE_ARN_PATTERN}$`)

/** Whether it is the ARN of an IAM role. */
export function isRoleArn(value: string): boolean {
  return ROLE_ARN.test(value)
}

/** Makes the ARN of a role given as `name` or `path/name`; anything that holds `arn:` stays as it is. */
export function composeRoleArn(
  role: string,
  parts: { readonly partition: string; readonly accountId: string } | undefined,
): string {
  if (parts === undefined || role.includes('arn:')) return role
  return `arn:${parts.partition}:iam::${parts.accountId}:role/${role}`
}
