import type { Issuer } from '../../iam/issuer-url.ts'
import type { SigningKey } from './signing-key.ts'

/** Where the discovery document is, below the issuer (OpenID Connect Discovery 1.0, section 4). */
export const DISCOVERY_PATH = '.well-known/openid-configuration'

/** Where the keys are, below the issuer. */
export const KEYS_PATH = 'keys.json'

/** Writes the discovery document: what STS reads first of an issuer. */
export function renderDiscoveryDocument(issuer: Issuer, keys: readonly SigningKey[]): string {
  const algorithms = [...new Set(keys.map(({ alg }) => alg))].sort()
  const document = {
    issuer: issuer.url,
    jwks_uri: `${issuer.baseUrl}/${KEYS_PATH}`,
    authorization_endpoint: 'urn:kubernetes:programmatic_authorization',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms.length > 0 ? algorithms : ['RS256'],
    claims_supported: ['sub', 'iss'],
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}
