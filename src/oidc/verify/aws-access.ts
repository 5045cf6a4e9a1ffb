import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { parseArn } from '../../aws/arn.ts'
import { AwsCallError, areCredentialsMissing, callAws } from '../../aws/call-failure.ts'
import { buildClientOptions } from '../../aws/client-options.ts'
import type { Environment } from '../../aws/endpoint.ts'
import { partitionOfRegion } from '../../aws/partitions.ts'
import type { Account } from '../../iam/trust-request.ts'
import { fail, skip, type Verdict } from './check.ts'

/** Whose AWS credentials there are. */
export type AwsCaller =
  | { readonly kind: 'known'; readonly account: Account }
  /** What all checks come to that need one. */
  | { readonly kind: 'unknown'; readonly verdict: Verdict }

/** Options for the clients of the SDK. */
export type ClientOptions = ReturnType<typeof buildClientOptions>

/** Where IAM and STS are called if nobody says where: the region of a partition that every account has. */
const HOME_REGIONS: Readonly<Record<string, string>> = {
  aws: 'us-east-1',
  'aws-cn': 'cn-north-1',
  'aws-us-gov': 'us-gov-west-1',
  'aws-eusc': 'eusc-de-east-1',
}

/** Options for IAM and STS in the region that was asked for, else in that of the environment or the profile, else in one of `partition`, that of the role. */
export async function chooseClientOptions(
  env: Environment,
  {
    region: asked,
    partition,
  }: { readonly region: string | undefined; readonly partition: string | undefined },
): Promise<ClientOptions> {
  if (asked !== undefined) return buildClientOptions({ env, region: asked })
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || (await readProfileRegion())
  const isUsable =
    region !== undefined && (partition ?? partitionOfRegion(region)) === partitionOfRegion(region)
  return buildClientOptions({ env, region: isUsable ? region : HOME_REGIONS[partition ?? 'aws'] })
}

async function readProfileRegion(): Promise<string | undefined> {
  try {
    return await new STSClient({}).config.region()
  } catch {
    return undefined
  }
}

/** Finds out whose credentials there are. */
export async function findCaller(options: ClientOptions): Promise<AwsCaller> {
  const client = new STSClient(options)
  try {
    const call = { action: 'sts:GetCallerIdentity', resource: '*' }
    const { Arn: arn = '' } = await callAws(call, () => client.send(new GetCallerIdentityCommand({})))
    const caller = parseArn(arn)
    return caller === undefined
      ? { kind: 'unknown', verdict: skip('STS does not say whose the AWS credentials are') }
      : { kind: 'known', account: caller }
  } catch (error) {
    if (!(error instanceof AwsCallError)) throw error
    const hasCredentials = !areCredentialsMissing(error)
    const verdict = hasCredentials
      ? fail({ message: error.message, hint: 'use AWS credentials that work, or none' })
      : skip(
          'there are no AWS credentials',
          'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
        )
    return { kind: 'unknown', verdict }
  } finally {
    client.destroy()
  }
}

/** What a check comes to whose call failed: not being allowed to look is no fault of the issuer. */
export function judgeCallError(
  error: unknown,
  { action, resource }: { action: string; resource: string },
): Verdict {
  if (!(error instanceof AwsCallError)) throw error
  return /^AccessDenied/.test(error.code)
    ? skip(`these AWS credentials may not look: ${action} is denied`, `allow ${action} on ${resource}`)
    : fail({ message: error.message, hint: '' })
}
