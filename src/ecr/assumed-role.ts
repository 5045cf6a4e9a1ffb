import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { AwsCredentialIdentity } from '@aws-sdk/types'
import { buildClientOptions, type ServicePlace } from './aws-client-options.ts'
import type { RequestSurroundings } from './aws-request-handler.ts'

const SESSION_NAME = 'ecr-credential-provider'

/** Takes a role with a pod's token (AssumeRoleWithWebIdentity); `undefined` where STS answers without credentials. */
export async function assumeRole(
  { roleArn, token }: { readonly roleArn: string; readonly token: string },
  place: ServicePlace,
  surroundings: RequestSurroundings,
): Promise<AwsCredentialIdentity | undefined> {
  const client: STSClient = new STSClient(buildClientOptions(place, 'STS', surroundings, () => client.config))
  const { Credentials: credentials } = await client.send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: roleArn,
      RoleSessionName: SESSION_NAME,
      WebIdentityToken: token,
    }),
  )
  const {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
  } = credentials ?? {}
  if (!accessKeyId || !secretAccessKey || !sessionToken) return undefined
  return { accessKeyId, secretAccessKey, sessionToken }
}

/** The region of the profile that the environment names, by the SDK's rules; `undefined` for none. */
export async function readProfileRegion(): Promise<string | undefined> {
  try {
    return await new STSClient({}).config.region()
  } catch {
    return undefined
  }
}
