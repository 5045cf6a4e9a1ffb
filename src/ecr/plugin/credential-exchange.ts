import type { AwsCredentialIdentity } from '@aws-sdk/types'
import { assumeRole } from '../../aws/calls/assumed-role.ts'
import type { CallSurroundings } from '../../aws/calls/service-call.ts'
import type { ServicePlace } from '../../aws/calls/service-endpoint.ts'
import { describeServiceError } from '../../aws/calls/service-error.ts'
import { PUBLIC_REGION, type Registry } from '../registry/registry.ts'
import type { CredentialSource, RolesAnywhereSource } from './credential-source.ts'
import { findChainCredentials } from './default-chain.ts'
import { findDefaultRegion, requireDefaultRegion } from './default-region.ts'
import { ProviderError } from './provider-error.ts'

/**
 * Exchanges what the source has for AWS credentials. Rejects with a {@link ProviderError} or a RolesAnywhereError.
 *
 * `place` is where the registry's service is called.
 */
export async function exchangeCredentials(
  source: CredentialSource,
  registry: Registry,
  place: ServicePlace,
  surroundings: CallSurroundings,
): Promise<AwsCredentialIdentity> {
  switch (source.kind) {
    case 'web-identity':
      return await takeRole(source, registry, surroundings)
    case 'roles-anywhere':
      return await createRolesAnywhereSession(source, surroundings)
    case 'default-chain':
      return await searchDefaultChain(place, surroundings)
  }
}

async function searchDefaultChain(
  { region }: ServicePlace,
  surroundings: CallSurroundings,
): Promise<AwsCredentialIdentity> {
  surroundings.trail.begin('looking for AWS credentials in the default chain')
  try {
    return await findChainCredentials(region, surroundings)
  } catch (error) {
    throw new ProviderError(`no AWS credentials: ${await describeMissing(error, surroundings.env)}`, {
      cause: error,
    })
  }
}

/** What looks for the causes is loaded where there are some. */
async function describeMissing(error: unknown, env: CallSurroundings['env']): Promise<string> {
  if ((error as Error).name !== 'CredentialsProviderError') return describeServiceError(error)
  const { describeCredentialTrail } = await import('../../aws/credential-trail.ts')
  return describeCredentialTrail((error as Error).message, env)
}

async function takeRole(
  source: { readonly roleArn: string; readonly token: string },
  registry: Registry,
  surroundings: CallSurroundings,
): Promise<AwsCredentialIdentity> {
  const region = await findTokenRegion(registry, surroundings.env)
  const variant = registry.kind === 'private' ? registry.variant : { isFips: false, isDualStack: false }
  surroundings.trail.begin(`taking the role ${source.roleArn} with the pod's token`)
  let credentials: AwsCredentialIdentity | undefined
  try {
    credentials = await assumeRole(source, { region, variant }, surroundings)
  } catch (error) {
    throw new ProviderError(`failed to assume role: ${describeServiceError(error)}`, { cause: error })
  }
  if (credentials !== undefined) return credentials
  throw new ProviderError('failed to assume role: STS answers without credentials')
}

async function findTokenRegion(registry: Registry, env: CallSurroundings['env']): Promise<string> {
  switch (registry.kind) {
    case 'private':
      return registry.region
    case 'public':
      return (await findDefaultRegion(env)) ?? PUBLIC_REGION
    case 'mirror':
      return await requireDefaultRegion(registry.host, env)
  }
}

async function createRolesAnywhereSession(
  source: RolesAnywhereSource,
  { env, now, trail, userAgent }: CallSurroundings,
): Promise<AwsCredentialIdentity> {
  const { trustAnchorArn, profileArn, roleArn, certificatePath, privateKeyPath, intermediatesPath } = source
  trail.begin(`taking the role ${roleArn} by IAM Roles Anywhere`)
  const { createSession } = await import('../../roles-anywhere/create-session.ts')
  const { accessKeyId, secretAccessKey, sessionToken } = await createSession(
    {
      request: {
        trustAnchorArn,
        profileArn,
        roleArn,
        durationSeconds: SESSION_SECONDS,
        roleSessionName: undefined,
        region: undefined,
        endpoint: undefined,
      },
      keys: { certificatePath, privateKeyPath, intermediatesPath, keyPassword: undefined },
      isTlsVerified: true,
      userAgent,
    },
    { env, now },
  )
  return { accessKeyId, secretAccessKey, sessionToken }
}

/** The least that there is: it is used once. What ECR gives for it lives 12 hours all the same. */
const SESSION_SECONDS = 900
