import type { AwsCredentialIdentity } from '@aws-sdk/types'
import { type CallSurroundings, callService } from '../../aws/calls/service-call.ts'
import type { ServicePlace } from '../../aws/calls/service-endpoint.ts'
import { readJsonReply } from '../../aws/calls/service-reply.ts'
import type { AuthorizationData } from './authorization.ts'

/** The two services that know a GetAuthorizationToken. */
const SERVICES = {
  private: { service: 'ECR', signingName: 'ecr', target: 'AmazonEC2ContainerRegistry_V20150921' },
  public: { service: 'ECR_PUBLIC', signingName: 'ecr-public', target: 'SpencerFrontendService' },
} as const

/** Asks ECR or ECR Public for an authorization token; rejects as {@link callService}. */
export async function askRegistry(
  kind: keyof typeof SERVICES,
  place: ServicePlace,
  credentials: AwsCredentialIdentity,
  surroundings: CallSurroundings,
): Promise<AuthorizationData | undefined> {
  const { service, signingName, target } = SERVICES[kind]
  const { authorizationData: data } = await callService(
    {
      service,
      place,
      signer: { credentials, service: signingName },
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${target}.GetAuthorizationToken`,
      },
      body: '{}',
      readAnswer: readJsonReply,
    },
    surroundings,
  )
  return readAuthorizationData(Array.isArray(data) ? data[0] : data)
}

function readAuthorizationData(data: unknown): AuthorizationData | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const { authorizationToken: token, expiresAt } = data as Readonly<Record<string, unknown>>
  return {
    authorizationToken: typeof token === 'string' ? token : undefined,
    // Seconds since 1970.
    expiresAt: typeof expiresAt === 'number' ? new Date(expiresAt * 1_000) : undefined,
  }
}
