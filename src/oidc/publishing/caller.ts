import { GetCallerIdentityCommand, STSClient, type STSClientConfig } from '@aws-sdk/client-sts'
import { callAws } from '../../aws/call-failure.ts'
import { buildClientOptions } from '../../aws/client-options.ts'
import type { Environment } from '../../aws/endpoint.ts'

/** Asks STS which account the credentials belong to, which takes no permission. Rejects with an AwsCallError. */
export async function findCallerAccount(options: STSClientConfig, signal: AbortSignal): Promise<string> {
  const sts = new STSClient(options)
  try {
    const { Account = '' } = await callAws({ action: 'sts:GetCallerIdentity', resource: '*' }, () =>
      sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal }),
    )
    return Account
  } finally {
    sts.destroy()
  }
}

/** The region of the environment or the profile. Rejects with an Error of one line where there is none. */
export async function findDefaultRegion(env: Environment): Promise<string> {
  const sts = new STSClient(buildClientOptions({ env, region: undefined }))
  try {
    return await sts.config.region()
  } catch (error) {
    throw new Error('no region is known: give --region, or set AWS_REGION or the region of the profile', {
      cause: error,
    })
  } finally {
    sts.destroy()
  }
}
