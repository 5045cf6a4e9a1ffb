import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from './endpoint.ts'

/** Where the AWS SDKs look for profiles. */
export function locateSharedFiles(env: Environment): {
  readonly config: string
  readonly credentials: string
} {
  const folder = join(env['HOME'] || homedir(), '.aws')
  return {
    config: env['AWS_CONFIG_FILE'] || join(folder, 'config'),
    credentials: env['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials'),
  }
}

/** Whether a file in which the SDK looks for profiles has anything in it. */
export function hasProfiles(env: Environment): boolean {
  const { config, credentials } = locateSharedFiles(env)
  return [config, credentials].some((path) => {
    try {
      return readFileSync(path).length > 0
    } catch {
      // As the SDK: what cannot be read is passed over.
      return false
    }
  })
}

/** Settings of a profile that are variables too: these are what a variable that is not set means. */
const VARIABLES = {
  region: 'AWS_REGION',
  use_fips_endpoint: 'AWS_USE_FIPS_ENDPOINT',
  use_dualstack_endpoint: 'AWS_USE_DUALSTACK_ENDPOINT',
  ca_bundle: 'AWS_CA_BUNDLE',
  endpoint_url: 'AWS_ENDPOINT_URL',
} as const

/** A setting of a profile that a program honours. */
export type SharedSetting = keyof typeof VARIABLES

/**
 * The environment, with what the profile in force says where it is silent. The profile is that of `AWS_PROFILE`, else of
 * `AWS_DEFAULT_PROFILE`, else `default`; the files are read by the SDK's own reader, which is loaded where there are some.
 *
 * `service` is how a `services` section names the service whose endpoint counts: `rolesanywhere`.
 */
export async function withSharedSettings(
  env: Environment,
  settings: readonly SharedSetting[],
  service?: string,
): Promise<Environment> {
  if (!hasProfiles(env)) return env
  const { loadSharedConfigFiles } = await import('@smithy/core/config')
  const { config: configFilepath, credentials: filepath } = locateSharedFiles(env)
  const files = await loadSharedConfigFiles({ configFilepath, filepath, ignoreCache: true })
  const name = env['AWS_PROFILE'] || env['AWS_DEFAULT_PROFILE'] || 'default'
  const profile = lowerKeys({ ...files.credentialsFile[name], ...files.configFile[name] })
  const filled: Record<string, string | undefined> = { ...env }
  const services = lowerKeys(files.configFile[`services.${profile['services'] ?? ''}`] ?? {})
  const ownEndpoint = service === undefined ? undefined : services[`${service}.endpoint_url`]
  const isEndpointIgnored = env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true'
  if (ownEndpoint !== undefined && !env['AWS_ENDPOINT_URL'] && !isEndpointIgnored)
    filled['AWS_ENDPOINT_URL'] = ownEndpoint
  for (const setting of settings) {
    if (setting === 'endpoint_url' && isEndpointIgnored) continue
    filled[VARIABLES[setting]] ||= profile[setting]
  }
  return filled
}

/** Keys may be written in capitals, as Python's configparser and the AWS CLI read them. */
function lowerKeys(
  section: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(section).map(([key, value]) => [key.toLowerCase(), value]))
}
