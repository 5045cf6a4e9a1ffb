import { GetRoleCommand, type IAMClient, paginateListAttachedRolePolicies } from '@aws-sdk/client-iam'
import { callAws } from '../aws/call-failure.ts'
import { toUndefined } from './missing-entity.ts'

/** A role as IAM has it. */
export interface Role {
  readonly arn: string
  /** JSON, as it was put. */
  readonly trustPolicy: string
}

/** Reads the role; `undefined` where there is none. Rejects with an AwsCallError. */
export async function findRole(iam: IAMClient, name: string): Promise<Role | undefined> {
  const call = { action: 'iam:GetRole', resource: `role/${name}` }
  const send = () => iam.send(new GetRoleCommand({ RoleName: name }))
  const role = (await callAws(call, send).catch(toUndefined))?.Role
  if (role === undefined) return undefined
  const { Arn: arn = '', AssumeRolePolicyDocument: document = '' } = role
  // IAM answers with the policy encoded as in URLs (RFC 3986); a JSON text begins with no %.
  return { arn, trustPolicy: document.startsWith('%') ? decodeURIComponent(document) : document }
}

/** The ARNs of the managed policies that the role has. Rejects with an AwsCallError. */
export async function listAttachedPolicies(iam: IAMClient, name: string): Promise<readonly string[]> {
  const call = { action: 'iam:ListAttachedRolePolicies', resource: `role/${name}` }
  return await callAws(call, async () => {
    const arns: string[] = []
    for await (const page of paginateListAttachedRolePolicies({ client: iam }, { RoleName: name }))
      for (const { PolicyArn: arn } of page.AttachedPolicies ?? []) if (arn !== undefined) arns.push(arn)
    return arns
  })
}
