import { quoteText } from '../../text/quoted-text.ts'
import { ProviderError } from './provider-error.ts'

/** What the kubelet asks. */
export interface CredentialRequest {
  /** One of {@link API_VERSIONS}; the answer repeats it. */
  readonly apiVersion: string
  readonly image: string
  /** The pod's token, where the provider's configuration has tokenAttributes. */
  readonly serviceAccountToken: string | undefined
  readonly serviceAccountAnnotations: Readonly<Record<string, string>>
}

const GROUP = 'credentialprovider.kubelet.k8s.io'

/** The versions of the kubelet's plugin API, which are the same to this plugin. */
export const API_VERSIONS: readonly string[] = ['v1', 'v1beta1', 'v1alpha1'].map(
  (version) => `${GROUP}/${version}`,
)

const KIND = 'CredentialProviderRequest'

/**
 * Reads the kubelet's request. Throws a {@link ProviderError}; never with what JSON.parse says, which quotes its input,
 * and so a token.
 */
export function parseCredentialRequest(text: string): CredentialRequest {
  const { kind, apiVersion, image = '', ...token } = parseObject(text)
  if (kind !== KIND) throw new ProviderError(`unsupported kind ${quote(kind)}; this plugin answers a ${KIND}`)
  if (typeof apiVersion !== 'string' || !API_VERSIONS.includes(apiVersion)) {
    throw new ProviderError(
      `unsupported group or version ${quote(apiVersion)}; this plugin knows ${API_VERSIONS.join(', ')}`,
    )
  }
  if (typeof image !== 'string') throw new ProviderError('image in plugin request is no text')
  const { serviceAccountToken, serviceAccountAnnotations } = token
  return {
    apiVersion,
    image,
    serviceAccountToken: readToken(serviceAccountToken),
    serviceAccountAnnotations: readAnnotations(serviceAccountAnnotations),
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === '') {
    throw new ProviderError('there is no request on stdin; the kubelet runs this program and writes one')
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ProviderError('the request on stdin is no JSON')
  }
  if (isObject(value)) return value
  throw new ProviderError('the request on stdin is no JSON object')
}

function readToken(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  throw new ProviderError('serviceAccountToken in plugin request is no text')
}

function readAnnotations(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {}
  if (isObject(value) && Object.values(value).every((text) => typeof text === 'string')) {
    return value as Record<string, string>
  }
  throw new ProviderError('serviceAccountAnnotations in plugin request are no map of texts')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function quote(value: unknown): string {
  return typeof value === 'string' ? quoteText(value) : `of type ${typeof value}`
}
