/** What may be at fault for a request that got no answer; each caller has words of its own for it. */
export type NetworkCheck = 'endpoint' | 'region' | 'dns' | 'network' | 'proxy' | 'clock' | 'authority'

/** What a caller calls the things that are to be checked, such as `--endpoint`. */
export type CheckWords = Readonly<Record<NetworkCheck, string>>

/** Why a request got no answer: what happened, as a sentence about the other side without its subject, and what to check. */
export interface NetworkFailure {
  /** Node's: `ECONNREFUSED`; absent where Node gives none. */
  readonly code: string | undefined
  readonly problem: string
  readonly checks: readonly NetworkCheck[]
}

const NO_ANSWER: Omit<NetworkFailure, 'code'> = {
  problem: 'it does not answer in time',
  checks: ['network', 'proxy'],
}

/** What node:net, node:tls and DNS call their failures. */
const FAILURES: Readonly<Record<string, Omit<NetworkFailure, 'code'>>> = {
  ENOTFOUND: { problem: 'its name is not known', checks: ['region', 'endpoint', 'dns'] },
  EAI_AGAIN: { problem: 'DNS does not answer', checks: ['network'] },
  ECONNREFUSED: { problem: 'nothing listens there', checks: ['endpoint', 'proxy'] },
  ECONNRESET: { problem: 'the connection was cut', checks: ['network', 'proxy', 'endpoint'] },
  EHOSTUNREACH: { problem: 'there is no way to it', checks: ['network', 'proxy'] },
  ENETUNREACH: { problem: 'there is no way to it', checks: ['network', 'proxy'] },
  ETIMEDOUT: NO_ANSWER,
  EPROTO: { problem: 'it does not speak TLS 1.2 or newer', checks: ['endpoint', 'proxy'] },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    problem: 'its certificate is for another name',
    checks: ['endpoint', 'proxy'],
  },
  CERT_HAS_EXPIRED: { problem: 'its certificate has expired', checks: ['clock'] },
  CERT_NOT_YET_VALID: { problem: 'its certificate is not valid yet', checks: ['clock'] },
}

/** Node has a code of its own for each way in which a certificate has no known authority. */
const UNTRUSTED = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/

/** Whether a network error's code says that the other side's certificate has no authority that is trusted. */
export function isUntrustedCertificate(code: string): boolean {
  return UNTRUSTED.test(code)
}

/** Reads what an error of node:http, node:tls or an aborted signal says. */
export function readNetworkFailure(error: unknown): NetworkFailure {
  const { name, code, message } = error as { name?: string; code?: string; message?: string }
  // The AWS SDK calls a connection that was cut a TimeoutError too.
  if (name === 'TimeoutError' && code !== 'ECONNRESET') return { code: undefined, ...NO_ANSWER }
  const text = (message ?? 'unknown error').replaceAll(/\s+/g, ' ').trim().slice(0, 200)
  if (code === undefined) return { code, problem: text, checks: [] }
  if (isUntrustedCertificate(code))
    return { code, problem: 'its certificate is not trusted', checks: ['authority'] }
  const known = FAILURES[code]
  return known === undefined ? { code, problem: text, checks: [] } : { code, ...known }
}

/** The failure as the rest of a line: `nothing listens there (ECONNREFUSED); check --endpoint and HTTPS_PROXY`. */
export function describeNetworkFailure(failure: NetworkFailure, words: CheckWords): string {
  const { code, problem, checks } = failure
  const happened = code === undefined ? problem : `${problem} (${code})`
  if (checks.includes('authority')) return `${happened}; name its authority's file in ${words.authority}`
  const list = new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(
    checks.map((check) => words[check]),
  )
  return checks.length === 0 ? happened : `${happened}; check ${list}`
}
