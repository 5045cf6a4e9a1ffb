import { type Environment, readConfiguredEndpoint, readEndpointVariant } from '../endpoint.ts'
import { hasProfiles } from '../shared-settings.ts'
import { CallSettingsError } from './call-settings-error.ts'
import {
  nameServiceEndpoint,
  type ServiceName,
  type ServicePlace,
  type ServiceSettings,
} from './service-endpoint.ts'

/** The default of all AWS SDKs. */
const MAX_ATTEMPTS = 3

/**
 * Reads the settings of a service's calls as the AWS SDK does, and by the SDK where there is a profile to be read: loading
 * it takes as long as Node itself.
 */
export async function readServiceSettings(service: ServiceName, env: Environment): Promise<ServiceSettings> {
  if (!hasProfiles(env)) return readEnvironmentSettings(service, env)
  const { readProfileSettings } = await import('./aws-sdk.ts')
  return await readProfileSettings(service)
}

/** The settings that the environment alone makes. */
export function readEnvironmentSettings(service: ServiceName, env: Environment): ServiceSettings {
  const isIgnored = env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true'
  const attempts = Number.parseInt(env['AWS_MAX_ATTEMPTS'] ?? '', 10)
  return {
    endpoint: isIgnored ? undefined : readConfiguredEndpoint(env, service),
    ...readEndpointVariant(env),
    maxAttempts: Number.isNaN(attempts) ? MAX_ATTEMPTS : attempts,
  }
}

/**
 * The URL of a call. FIPS and dual-stack endpoints are the image's choice or the environment's, and nobody's where an
 * endpoint is configured: it is called as it is. Throws a {@link CallSettingsError} for what is no URL.
 */
export function resolveServiceUrl(service: ServiceName, place: ServicePlace, settings: ServiceSettings): URL {
  const { endpoint } = settings
  if (endpoint !== undefined) {
    const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
    if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
      throw new CallSettingsError('AWS_ENDPOINT_URL, or endpoint_url of the profile, is no http or https URL')
    }
    if (!url.pathname.endsWith('/')) url.pathname += '/'
    url.search = ''
    url.hash = ''
    return url
  }
  const variant = {
    isFips: place.variant.isFips || settings.isFips,
    isDualStack: place.variant.isDualStack || settings.isDualStack,
  }
  return new URL(nameServiceEndpoint(service, { region: place.region, variant }))
}
