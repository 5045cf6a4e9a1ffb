import type { SecureContextOptions, SecureVersion } from 'node:tls'
import { quoteText } from '../../text/quoted-text.ts'

/** What the TLS flags ask of every handshake, before and after a certificate is replaced. */
export interface TlsSettings {
  readonly minVersion: SecureVersion
  /** OpenSSL's list; absent: Node's own. */
  readonly ciphers: string | undefined
}

/** A value of a TLS flag that cannot be served; the message names the value and what is allowed. */
export class TlsOptionError extends Error {
  override readonly name = 'TlsOptionError'
}

const MIN_VERSIONS: Readonly<Record<string, SecureVersion>> = {
  '1.0': 'TLSv1',
  '1.1': 'TLSv1.1',
  '1.2': 'TLSv1.2',
  '1.3': 'TLSv1.3',
  VersionTLS10: 'TLSv1',
  VersionTLS11: 'TLSv1.1',
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
}

/** Go's floor where no version is asked for, and Node's (go.dev/pkg/crypto/tls, Config.MinVersion). */
const DEFAULT_MIN_VERSION: SecureVersion = 'TLSv1.2'

/** Go does not let TLS 1.3 suites be chosen, and Node narrows TLS 1.3 to those that a list names: all go along. */
const TLS13_SUITES = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
] as const

/**
 * Go's names of the suites up to TLS 1.2 (`tls.CipherSuites` and `tls.InsecureCipherSuites`) and OpenSSL's.
 * Go's RC4 and 3DES suites are missing: OpenSSL 3.5 is built without them.
 */
const OPENSSL_NAMES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  // Names from before Go 1.14, which Kubernetes components still take.
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
}

/** Every name that `--tls-cipher-suites` takes; those of TLS 1.3 change nothing, as in Go. */
export const CIPHER_SUITE_NAMES: readonly string[] = [...TLS13_SUITES, ...Object.keys(OPENSSL_NAMES)]

/**
 * Turns the values of `--tls-min-version` and `--tls-cipher-suites` into settings for Node.
 *
 * As in Go, the suites govern TLS 1.2 and older. Throws a TlsOptionError on a value that cannot be served.
 */
export function readTlsSettings(flags: {
  readonly minVersion?: string | undefined
  readonly cipherSuites?: readonly string[] | undefined
}): TlsSettings {
  const minVersion = readMinVersion(flags.minVersion)
  const suites = flags.cipherSuites?.length ? readCipherSuites(flags.cipherSuites) : undefined
  // OpenSSL 3 signs handshakes of TLS 1.0 and 1.1 (SHA-1) at security level 0 alone.
  if (minVersion !== 'TLSv1' && minVersion !== 'TLSv1.1') return { minVersion, ciphers: suites }
  return { minVersion, ciphers: `${suites ?? 'DEFAULT'}:@SECLEVEL=0` }
}

/** All options of a TLS context: Node forgets those that a reload leaves out, the minimum version among them. */
export function buildSecureContextOptions(
  settings: TlsSettings,
  pair: { readonly certificatePem: string; readonly privateKeyPem: string } | undefined,
): SecureContextOptions {
  return {
    minVersion: settings.minVersion,
    ...(settings.ciphers === undefined ? {} : { ciphers: settings.ciphers }),
    ...(pair === undefined ? {} : { cert: pair.certificatePem, key: pair.privateKeyPem }),
  }
}

function readMinVersion(value: string | undefined): SecureVersion {
  if (value === undefined || value === '') return DEFAULT_MIN_VERSION
  if (!Object.hasOwn(MIN_VERSIONS, value))
    throw notAllowed('tls-min-version', value, Object.keys(MIN_VERSIONS))
  return MIN_VERSIONS[value] ?? DEFAULT_MIN_VERSION
}

function readCipherSuites(names: readonly string[]): string {
  const chosen = new Set<string>(TLS13_SUITES)
  for (const name of names.map((each) => each.trim())) {
    if (!CIPHER_SUITE_NAMES.includes(name)) throw notAllowed('tls-cipher-suites', name, CIPHER_SUITE_NAMES)
    chosen.add(OPENSSL_NAMES[name] ?? name)
  }
  return [...chosen].join(':')
}

function notAllowed(flag: string, value: string, allowed: readonly string[]): TlsOptionError {
  return new TlsOptionError(`--${flag}: ${quoteText(value)} is not one of ${allowed.join(', ')}`)
}
