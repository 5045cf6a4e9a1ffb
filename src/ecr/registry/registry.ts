import type { EndpointVariant } from '../../aws/endpoint.ts'
import { ProviderError } from '../plugin/provider-error.ts'

/** The registry that an image is pulled from. */
export type Registry =
  /** ECR Public. */
  | { readonly kind: 'public'; readonly host: string }
  /** A registry of an account. */
  | {
      readonly kind: 'private'
      readonly host: string
      readonly accountId: string
      readonly region: string
      readonly variant: EndpointVariant
    }
  /** Any other host, taken for a mirror that wants credentials of the private ECR in the default region. */
  | { readonly kind: 'mirror'; readonly host: string }

/** ECR Public answers in this region alone. */
export const PUBLIC_REGION = 'us-east-1'

const PUBLIC_HOSTS: readonly string[] = ['public.ecr.aws', 'ecr-public.aws.com']

/** Copied from the provider of cloud-provider-aws, so that both take the same hosts for ECR's. */
const PRIVATE_HOST =
  /^(\d{12})\.dkr[.-]ecr(-fips)?\.([a-zA-Z0-9][a-zA-Z0-9-_]*)\.(amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/

const DUAL_STACK_SUFFIXES: readonly string[] = ['on.aws', 'on.amazonwebservices.com.cn']

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i

const PORT = /:\d*$/

/**
 * Reads the registry of an image. `host` is as it is written in the image, with case, port and IPv6 brackets: the
 * kubelet looks credentials up under it.
 *
 * Throws an {@link ProviderError}. `new URL` cannot be used: it trims, lower-cases, drops `:443` and turns backslashes.
 */
export function readRegistry(image: string): Registry {
  if (image === '') throw new ProviderError('image in plugin request was empty')
  const host = findHost(image)
  const name = host.replace(PORT, '')
  if (PUBLIC_HOSTS.includes(name)) return { kind: 'public', host }
  const [, accountId, fips, region, suffix] = PRIVATE_HOST.exec(name) ?? []
  if (accountId === undefined || region === undefined || suffix === undefined) return { kind: 'mirror', host }
  const variant = { isFips: fips !== undefined, isDualStack: DUAL_STACK_SUFFIXES.includes(suffix) }
  return { kind: 'private', host, accountId, region, variant }
}

function findHost(image: string): string {
  const [host = ''] = image.replace(SCHEME, '').split('/')
  if (/[\s\p{Cc}]/u.test(image))
    throw new ProviderError('image in plugin request holds spaces or control characters')
  if (host === '') throw new ProviderError('image in plugin request has no registry host')
  if (host.includes('\\'))
    throw new ProviderError('image in plugin request has a backslash in its registry host')
  return host
}
