import type { Environment } from '../../aws/endpoint.ts'
import { quoteText } from '../../text/quoted-text.ts'
import { ProviderError } from './provider-error.ts'

/** The default region that the environment names: the JavaScript SDK alone would not read `AWS_DEFAULT_REGION`. */
export function readEnvironmentRegion(env: Environment): string | undefined {
  return env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined
}

/** The environment's default region, else the profile's; `undefined` for none. */
export async function findDefaultRegion(env: Environment): Promise<string | undefined> {
  const region = readEnvironmentRegion(env)
  if (region !== undefined) return region
  const { readProfileRegion } = await import('../../aws/calls/aws-sdk.ts')
  return (await readProfileRegion()) || undefined
}

/** As {@link findDefaultRegion}; rejects with a {@link ProviderError} for none. */
export async function requireDefaultRegion(host: string, env: Environment): Promise<string> {
  const region = await findDefaultRegion(env)
  if (region !== undefined) return region
  throw new ProviderError(
    `there is no region in the host ${quoteText(host)} and no default one; set AWS_REGION, or region in the AWS profile`,
  )
}
