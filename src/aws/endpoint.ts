import { findPartition } from './partitions.ts'

/** Environment variables by their names; `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Which of a service's endpoints to call. */
export interface EndpointVariant {
  readonly isFips: boolean
  readonly isDualStack: boolean
}

/** Reads `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`, as all AWS SDKs know them. */
export function readEndpointVariant(env: Environment): EndpointVariant {
  const isTrue = (name: string) => env[name]?.toLowerCase() === 'true'
  return { isFips: isTrue('AWS_USE_FIPS_ENDPOINT'), isDualStack: isTrue('AWS_USE_DUALSTACK_ENDPOINT') }
}

/**
 * The endpoint that the environment sets in place of AWS's: `AWS_ENDPOINT_URL_SERVICE`, else `AWS_ENDPOINT_URL`.
 *
 * `serviceVariable` is how the service is named there: `ROLESANYWHERE`.
 */
export function readConfiguredEndpoint(env: Environment, serviceVariable: string): string | undefined {
  return env[`AWS_ENDPOINT_URL_${serviceVariable}`] || env['AWS_ENDPOINT_URL'] || undefined
}

/** The host of a service's regional endpoint; `undefined` for a partition that is not known. */
export function nameEndpointHost(
  endpointPrefix: string,
  { partition, region }: { readonly partition: string; readonly region: string },
  { isFips, isDualStack }: EndpointVariant,
): string | undefined {
  const suffixes = findPartition(partition)
  if (suffixes === undefined) return undefined
  const suffix = isDualStack ? suffixes.dualStackDnsSuffix : suffixes.dnsSuffix
  return `${endpointPrefix}${isFips ? '-fips' : ''}.${region}.${suffix}`
}
