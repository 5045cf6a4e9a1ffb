import { quoteText } from '../../text/quoted-text.ts'
import { type EndpointVariant, nameEndpointHost } from '../endpoint.ts'
import { partitionOfRegion } from '../partitions.ts'
import { CallSettingsError } from './call-settings-error.ts'

/** A service of AWS that is called, as `AWS_ENDPOINT_URL_…` names it. */
export type ServiceName = 'ECR' | 'ECR_PUBLIC' | 'ROLESANYWHERE' | 'STS'

/** Which endpoint of a service is called. */
export interface ServicePlace {
  readonly region: string
  readonly variant: EndpointVariant
}

/** What environment and profile say of the calls of a service. */
export interface ServiceSettings {
  /** A URL in place of AWS's. */
  readonly endpoint: string | undefined
  readonly isFips: boolean
  readonly isDualStack: boolean
  readonly maxAttempts: number
}

/** How hosts begin, by the endpoint rules of the AWS SDKs; a test compares all regions and variants with the SDK's. */
const HOST_PREFIXES: Readonly<Record<ServiceName, (variant: EndpointVariant) => string>> = {
  ECR: ({ isDualStack }) => (isDualStack ? 'ecr' : 'api.ecr'),
  ECR_PUBLIC: ({ isFips, isDualStack }) => (isDualStack && !isFips ? 'ecr-public' : 'api.ecr-public'),
  ROLESANYWHERE: () => 'rolesanywhere',
  STS: () => 'sts',
}

/** A region is part of a host's name, so only what may stand there. */
const HOST_LABEL = /^(?!-)[a-zA-Z0-9-]{1,63}(?<!-)$/

/** The URL of a service's own endpoint. Throws a {@link CallSettingsError} for what cannot be a region. */
export function nameServiceEndpoint(service: ServiceName, { region, variant }: ServicePlace): string {
  const partition = partitionOfRegion(region)
  // STS in GovCloud is FIPS under its plain name, and has no other.
  const isNamedFips =
    variant.isFips && !(service === 'STS' && partition === 'aws-us-gov' && !variant.isDualStack)
  const named = { ...variant, isFips: isNamedFips }
  const host = nameEndpointHost(HOST_PREFIXES[service](variant), { partition, region }, named)
  if (host !== undefined && HOST_LABEL.test(region)) return `https://${host}/`
  throw new CallSettingsError(`${quoteText(region)} is no region`)
}
