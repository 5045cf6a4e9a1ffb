import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr'
import type { AuthorizationCall } from './authorization-call.ts'
import { buildClientOptions } from './aws-client-options.ts'

/** Asks ECR in a region for an authorization token. */
export const askPrivateRegistry: AuthorizationCall = async ({
  place,
  credentials,
  surroundings,
  onCredentials,
}) => {
  const client: ECRClient = new ECRClient({
    ...buildClientOptions(place, 'ECR', surroundings, () => client.config),
    ...(credentials === undefined ? {} : { credentials }),
  })
  onCredentials(await client.config.credentials())
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand())
  return authorizationData?.[0]
}
