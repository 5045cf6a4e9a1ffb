import type { AwsCredentialIdentity } from '@aws-sdk/types'
import type { RequestSurroundings } from '../../aws/calls/service-attempt.ts'
import type { Environment } from '../../aws/endpoint.ts'

/**
 * Finds credentials in the AWS SDK's default chain. Its first step, the environment, is taken without the SDK: loading it
 * takes as long as Node itself. Rejects with what the SDK says.
 */
export async function findChainCredentials(
  region: string,
  surroundings: RequestSurroundings,
): Promise<AwsCredentialIdentity> {
  const credentials = readEnvironmentCredentials(surroundings.env)
  if (credentials !== undefined) return credentials
  const { walkDefaultChain } = await import('../../aws/calls/aws-sdk.ts')
  return await walkDefaultChain(region, surroundings)
}

/** The keys in the environment. They go before a profile that it names too, as in AWS's plugin, CLI and SDKs for Go and Python. */
export function readEnvironmentCredentials(env: Environment): AwsCredentialIdentity | undefined {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env
  if (!accessKeyId || !secretAccessKey) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}
