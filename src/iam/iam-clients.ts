import { IAMClient } from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { parseArn } from '../aws/arn.ts'
import { areCredentialsMissing, callAws } from '../aws/call-failure.ts'
import { buildClientOptions } from '../aws/client-options.ts'
import type { Environment } from '../aws/endpoint.ts'
import type { Account } from './trust-request.ts'

/** What calls IAM, and STS to learn for whom. */
export interface IamClients {
  readonly iam: IAMClient
  readonly sts: STSClient
}

/** IAM is the same in all regions of a partition; the SDK wants one all the same. */
const ANY_REGION = 'us-east-1'

/** Makes them. Where neither `region`, the environment nor the profile names a region, it is one of the partition aws. */
export async function createIamClients(place: {
  readonly env: Environment
  readonly region: string | undefined
}): Promise<IamClients> {
  const options = buildClientOptions(place)
  const region = await new STSClient(options).config.region().catch(() => ANY_REGION)
  return { iam: new IAMClient({ ...options, region }), sts: new STSClient({ ...options, region }) }
}

/**
 * Asks STS whose the credentials are; `undefined` where there are none and they are optional, as they are for a plan that
 * is only printed. Rejects with an AwsCallError.
 */
export async function readCallerAccount(
  sts: STSClient,
  { areCredentialsOptional }: { readonly areCredentialsOptional: boolean },
): Promise<Account | undefined> {
  const call = { action: 'sts:GetCallerIdentity', resource: '*' }
  try {
    const { Account: accountId = '', Arn: arn = '' } = await callAws(call, () =>
      sts.send(new GetCallerIdentityCommand({})),
    )
    return { accountId, partition: parseArn(arn)?.partition ?? 'aws' }
  } catch (error) {
    if (areCredentialsOptional && areCredentialsMissing(error)) return undefined
    throw error
  }
}
