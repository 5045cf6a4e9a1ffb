import { defaultProvider } from '@aws-sdk/credential-provider-node'
import type { AwsCredentialIdentity, Logger } from '@aws-sdk/types'
import {
  loadConfig,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  NODE_REGION_CONFIG_OPTIONS,
  NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS,
  NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS,
} from '@smithy/core/config'
import { resolveEndpointConfig } from '@smithy/core/endpoints'
import { NODE_MAX_ATTEMPT_CONFIG_OPTIONS } from '@smithy/core/retry'
import { createRequestHandler } from './aws-request-handler.ts'
import type { RequestSurroundings } from './service-attempt.ts'
import type { ServiceName, ServiceSettings } from './service-endpoint.ts'

/** The SDK warns on stderr without a logger, of both keys and a profile in the environment for one. */
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Reads what environment and profile say of the calls of a service. Rejects with what the SDK says. */
export async function readProfileSettings(service: ServiceName): Promise<ServiceSettings> {
  const [endpoint, isFips, isDualStack, maxAttempts] = await Promise.all([
    readConfiguredEndpoint(service),
    loadConfig(NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS)(),
    loadConfig(NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS)(),
    loadConfig(NODE_MAX_ATTEMPT_CONFIG_OPTIONS)(),
  ])
  return { endpoint, isFips: isFips === true, isDualStack: isDualStack === true, maxAttempts }
}

/** The SDK exports this only as a part of what it makes of a client's configuration. */
async function readConfiguredEndpoint(service: ServiceName): Promise<string | undefined> {
  const input = { serviceId: service.replace('_', ' ') } as Parameters<typeof resolveEndpointConfig>[0]
  const config: { serviceConfiguredEndpoint?: () => Promise<string | undefined> } =
    resolveEndpointConfig(input)
  return await config.serviceConfiguredEndpoint?.()
}

/** The default region: the profile's, else of EC2 instance metadata; `undefined` for none. */
export async function readProfileRegion(): Promise<string | undefined> {
  try {
    return await loadConfig(NODE_REGION_CONFIG_OPTIONS, NODE_REGION_CONFIG_FILE_OPTIONS)()
  } catch {
    return undefined
  }
}

/** Finds credentials where the AWS SDK looks for them: profile, `credential_process`, web identity, ECS, EC2. */
export async function walkDefaultChain(
  region: string,
  surroundings: RequestSurroundings,
): Promise<AwsCredentialIdentity> {
  // Of the client that would ask: roles of profiles are taken with its region and requests.
  const client = {
    region: async () => region,
    requestHandler: createRequestHandler(surroundings),
    logger: SILENT,
  }
  const findCredentials = defaultProvider({ logger: SILENT, parentClientConfig: client })
  return await findCredentials({ callerClientConfig: client })
}
