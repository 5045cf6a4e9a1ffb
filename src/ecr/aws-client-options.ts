import type { Logger } from '@aws-sdk/types'
import { type EndpointVariant, readConfiguredEndpoint } from '../aws/endpoint.ts'
import { createRequestHandler, type RequestSurroundings } from './aws-request-handler.ts'

/** Which endpoint of a service is called. */
export interface ServicePlace {
  readonly region: string
  /** What the image's host wants. */
  readonly variant: EndpointVariant
}

/** The SDK warns on stderr without a logger, of both keys and a profile in the environment for one. */
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** What the SDK makes of `AWS_ENDPOINT_URL*` and the profile's `endpoint_url`; typed as absent, for the SDK's own use. */
interface EndpointConfig {
  readonly serviceConfiguredEndpoint?: () => Promise<string | undefined>
}

/**
 * Options for a client of the AWS SDK. FIPS and dual-stack endpoints are the image's choice, else the environment's,
 * and nobody's where an endpoint is configured: the SDK refuses both at once.
 *
 * `serviceVariable` is how `AWS_ENDPOINT_URL_…` names the service; `readConfig` gives the client's configuration later.
 */
export function buildClientOptions(
  { region, variant }: ServicePlace,
  serviceVariable: 'ECR' | 'ECR_PUBLIC' | 'STS',
  surroundings: RequestSurroundings,
  readConfig: () => object,
) {
  const options = { region, requestHandler: createRequestHandler(surroundings), logger: SILENT }
  if (readConfiguredEndpoint(surroundings.env, serviceVariable) !== undefined) {
    return { ...options, useFipsEndpoint: false, useDualstackEndpoint: false }
  }
  const isFree = async () =>
    (await (readConfig() as EndpointConfig).serviceConfiguredEndpoint?.()) === undefined
  return {
    ...options,
    ...(variant.isFips ? { useFipsEndpoint: isFree } : {}),
    ...(variant.isDualStack ? { useDualstackEndpoint: isFree } : {}),
  }
}
