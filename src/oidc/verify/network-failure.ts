import { isUntrustedCertificate, readNetworkFailure } from '../../text/network-failure.ts'
import type { Flaw } from './check.ts'

const AUTHORITY_HINT =
  'STS takes certificates of public authorities; for one of your own, name its file in NODE_EXTRA_CA_CERTS here, and give STS its thumbprint by `pod-identity-webhook oidc provider --thumbprint`'

const WAY_HINT = 'check the network and HTTPS_PROXY'
const SERVER_HINT = 'check its server, firewalls on the way, and HTTPS_PROXY'

/** What whoever serves the issuer is to do. */
const HINTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "renew it; check this machine's clock",
  CERT_NOT_YET_VALID: 'check the clocks of this machine and of the one that issued it',
  ERR_TLS_CERT_ALTNAME_INVALID: "serve a certificate that has the issuer's host among its names",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `serve the intermediate certificates too; ${AUTHORITY_HINT}`,
  EPROTO: 'serve HTTPS there, with TLS 1.2 or newer',
  ENOTFOUND: 'correct the host, or publish its DNS record',
  EAI_AGAIN: "check this machine's network",
  ECONNREFUSED: 'start its server, or correct host and port',
  ECONNRESET: SERVER_HINT,
  ETIMEDOUT: SERVER_HINT,
  EHOSTUNREACH: WAY_HINT,
  ENETUNREACH: WAY_HINT,
}

/** Why a certificate is not trusted: who serves the issuer can do something about each. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the one of its authority is missing',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not a public one',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not known',
}

/** Says why an HTTPS request got no answer; `timeoutMs` is how long it might take. */
export function explainNetworkFailure(error: unknown, timeoutMs: number): Flaw {
  const { code, problem } = readNetworkFailure(error)
  if ((error as Error).name === 'TimeoutError' || code === 'ETIMEDOUT')
    return { message: `${problem} (${timeoutMs / 1000} s)`, hint: SERVER_HINT }
  if (code === undefined)
    return { message: problem, hint: 'see what its server, and a proxy on the way, answers' }
  const why = UNTRUSTED[code]
  const hint = HINTS[code] ?? (isUntrustedCertificate(code) ? AUTHORITY_HINT : undefined)
  return {
    message: `${problem}${why === undefined ? '' : `: ${why}`} (${code})`,
    hint: hint ?? 'see what its server, and a proxy on the way, answers',
  }
}
