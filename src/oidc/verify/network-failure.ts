import type { Flaw } from './check.ts'

const AUTHORITY_HINT =
  'STS takes certificates of public authorities; for one of your own, name its file in NODE_EXTRA_CA_CERTS here, and give STS its thumbprint by `pod-identity-webhook oidc provider --thumbprint`'

/** What node:net, node:tls and DNS call their failures, and what that means for an issuer. */
const FAILURES: Readonly<Record<string, Flaw>> = {
  CERT_HAS_EXPIRED: { message: 'its certificate has expired', hint: "renew it; check this machine's clock" },
  CERT_NOT_YET_VALID: {
    message: 'its certificate is not valid yet',
    hint: 'check the clocks of this machine and of the one that issued it',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    message: 'its certificate is for another name',
    hint: "serve a certificate that has the issuer's host among its names",
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    message: 'its certificate is not trusted: the one of its authority is missing',
    hint: `serve the intermediate certificates too; ${AUTHORITY_HINT}`,
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    message: 'its certificate is not trusted: it is signed by itself',
    hint: AUTHORITY_HINT,
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    message: 'its certificate is not trusted: its authority is not a public one',
    hint: AUTHORITY_HINT,
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    message: 'its certificate is not trusted: its authority is not known',
    hint: AUTHORITY_HINT,
  },
  EPROTO: {
    message: 'it does not speak TLS 1.2 or newer',
    hint: 'serve HTTPS there, with TLS 1.2 or newer',
  },
  ENOTFOUND: { message: 'its host is not known to DNS', hint: 'correct the host, or publish its DNS record' },
  EAI_AGAIN: { message: 'DNS does not answer', hint: "check this machine's network" },
  ECONNREFUSED: {
    message: 'nothing listens there',
    hint: 'start its server, or correct host and port',
  },
  ECONNRESET: {
    message: 'the connection was cut',
    hint: 'check its server, firewalls on the way, and HTTPS_PROXY',
  },
  EHOSTUNREACH: { message: 'there is no way to its host', hint: 'check the network and HTTPS_PROXY' },
  ENETUNREACH: { message: 'there is no way to its host', hint: 'check the network and HTTPS_PROXY' },
}

/** Says why an HTTPS request got no answer; `timeoutMs` is how long it might take. */
export function explainNetworkFailure(error: unknown, timeoutMs: number): Flaw {
  const { name, code, message } = error as NodeJS.ErrnoException
  if (name === 'TimeoutError' || code === 'ETIMEDOUT')
    return {
      message: `it does not answer in time (${timeoutMs / 1000} s)`,
      hint: 'check its server, firewalls on the way, and HTTPS_PROXY',
    }
  const known = code === undefined ? undefined : FAILURES[code]
  if (known !== undefined) return { ...known, message: `${known.message} (${code})` }
  const text = message.replaceAll(/\s+/g, ' ').trim().slice(0, 200)
  return {
    message: code === undefined ? text : `${code}: ${text}`,
    hint: 'see what its server, and a proxy on the way, answers',
  }
}
