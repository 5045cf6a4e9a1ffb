import { isUntrustedCertificate } from '../aws/trusted-certificates.ts'
import { RolesAnywhereError } from './roles-anywhere-error.ts'

const CHECKS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name is not known; check the region, --endpoint and DNS',
  EAI_AGAIN: 'DNS does not answer; check the network',
  ECONNREFUSED: 'nothing listens there; check --endpoint and HTTPS_PROXY',
  ECONNRESET: 'the connection was cut; check the network, HTTPS_PROXY and --endpoint',
  EHOSTUNREACH: 'there is no way to it; check the network and HTTPS_PROXY',
  ENETUNREACH: 'there is no way to it; check the network and HTTPS_PROXY',
  EPROTO: 'it does not speak TLS; check --endpoint and HTTPS_PROXY',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; check --endpoint and HTTPS_PROXY',
  CERT_HAS_EXPIRED: "its certificate has expired; check this machine's clock",
}

/** The error for an attempt that got no reply: what happened, and what to check. */
export function describeNetworkError(error: unknown, url: URL): RolesAnywhereError {
  const { name, code, message } = error as { name?: string; code?: string; message?: string }
  const what = (text: string) => new RolesAnywhereError(`cannot reach ${url.host}: ${text}`, { cause: error })
  if (name === 'TimeoutError') return what('no reply in time; check the network and HTTPS_PROXY')
  if (code === undefined) return what(toLine(message))
  if (isUntrustedCertificate(code)) {
    return what(`its certificate is not trusted (${code}); name its authority's file in AWS_CA_BUNDLE`)
  }
  const check = CHECKS[code]
  return what(check === undefined ? `${code}, ${toLine(message)}` : `${check} (${code})`)
}

function toLine(message: string | undefined): string {
  return (message ?? 'unknown error').replaceAll(/\s+/g, ' ').slice(0, 200)
}
