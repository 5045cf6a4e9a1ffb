import { ECRClient } from '@aws-sdk/client-ecr'
import { ECRPUBLICClient } from '@aws-sdk/client-ecr-public'
import { type Environment, readConfiguredEndpoint, readEndpointVariant } from '../aws/endpoint.ts'
import { PUBLIC_REGION, type Registry } from './registry.ts'

/** The URL at which the SDK would ask for a registry's password, by its own rules; nothing is called. */
export function findServiceEndpoint(registry: Registry, region: string, env: Environment): string {
  const isPublic = registry.kind === 'public'
  const configured = readConfiguredEndpoint(env, isPublic ? 'ECR_PUBLIC' : 'ECR')
  if (configured !== undefined) return configured
  const wanted = readEndpointVariant(env)
  const { isFips, isDualStack } =
    registry.kind === 'private' ? registry.variant : { isFips: false, isDualStack: false }
  const variant = { UseFIPS: isFips || wanted.isFips, UseDualStack: isDualStack || wanted.isDualStack }
  const { config } = isPublic ? new ECRPUBLICClient({ region: PUBLIC_REGION }) : new ECRClient({ region })
  return config.endpointProvider({ Region: isPublic ? PUBLIC_REGION : region, ...variant }).url.href
}
