import { ECRPUBLICClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr-public'
import type { AuthorizationCall } from './authorization-call.ts'
import { buildClientOptions } from './aws-client-options.ts'

/** Asks ECR Public for an authorization token. */
export const askPublicRegistry: AuthorizationCall = async ({
  place,
  credentials,
  surroundings,
  onCredentials,
}) => {
  const client: ECRPUBLICClient = new ECRPUBLICClient({
    ...buildClientOptions(place, 'ECR_PUBLIC', surroundings, () => client.config),
    ...(credentials === undefined ? {} : { credentials }),
  })
  onCredentials(await client.config.credentials())
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand())
  return authorizationData
}
