import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { ApiObject } from '../../../kubernetes/api-object.ts'
import { type IssuedPair, isSigningKey } from '../certificate-authority.ts'
import {
  type AuthorityCertificate,
  readAuthorityCertificate,
  readBundle,
  writeBundle,
} from './authority-certificate.ts'
import { CLOCK_SKEW_MS } from './lifetimes.ts'

/** An authority that can sign: its certificate is valid and its key belongs to it. */
export interface SigningAuthority extends AuthorityCertificate {
  readonly privateKeyPem: string
}

/** What the Secret holds in the place of one authority; `problem` is one line without secrets. */
export type StoredAuthority =
  | { readonly state: 'usable'; readonly authority: SigningAuthority }
  | { readonly state: 'empty' }
  | { readonly state: 'unusable'; readonly problem: string }

/** What the Secret says, checked. */
export interface CertificateSecret {
  /** The authority that signs now. */
  readonly current: StoredAuthority
  /** The authority that is being introduced, to sign when all API servers trust it. */
  readonly next: StoredAuthority
  /** All authorities to trust. */
  readonly bundle: readonly AuthorityCertificate[]
  /** Since when, by the wall clock of the replica that wrote it, the current authority signs; undefined where that was said of another. */
  readonly signingSinceMs: number | undefined
}

/** What the Secret is to hold. */
export interface SecretContent {
  readonly current: SigningAuthority
  readonly next: SigningAuthority | undefined
  readonly bundle: readonly AuthorityCertificate[]
  readonly signingSinceMs: number
}

const SIGNING_SINCE = 'pod-identity-webhook.amazonaws.com/ca-signs-since'
/** Ties the time to a certificate, so that one which somebody else put there is not taken for long in use. */
const SIGNING_FINGERPRINT = 'pod-identity-webhook.amazonaws.com/ca-fingerprint'

/** Reads the Secret; what cannot be used is said to be so, not thrown. */
export function readCertificateSecret(secret: ApiObject, nowMs: number): CertificateSecret {
  const read = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString()
  const current = readStoredAuthority(read('tls.crt'), read('tls.key'), nowMs)
  const annotations: Partial<Record<string, string>> = secret.metadata.annotations ?? {}
  const signingSinceMs = Date.parse(annotations[SIGNING_SINCE] ?? '')
  const isOfCurrent =
    current.state === 'usable' && annotations[SIGNING_FINGERPRINT] === current.authority.fingerprint
  return {
    current,
    next: readStoredAuthority(read('next.crt'), read('next.key'), nowMs),
    bundle: readBundle(read('ca.crt')),
    signingSinceMs: isOfCurrent && !Number.isNaN(signingSinceMs) ? signingSinceMs : undefined,
  }
}

/**
 * The merge patch that makes the Secret hold `content`; answered with 409 where it is no longer at `resourceVersion`.
 *
 * What else is in the Secret stays.
 */
export function buildSecretPatch(content: SecretContent, resourceVersion: string): unknown {
  const { current, next, bundle, signingSinceMs } = content
  return {
    metadata: {
      resourceVersion,
      annotations: {
        [SIGNING_SINCE]: new Date(signingSinceMs).toISOString(),
        [SIGNING_FINGERPRINT]: current.fingerprint,
      },
    },
    data: {
      'tls.crt': encode(current.certificatePem),
      'tls.key': encode(current.privateKeyPem),
      'ca.crt': encode(writeBundle(bundle)),
      'next.crt': next === undefined ? null : encode(next.certificatePem),
      'next.key': next === undefined ? null : encode(next.privateKeyPem),
    },
  }
}

/** Checks a pair as an authority that can sign at `nowMs`. */
export function readStoredAuthority(
  certificatePem: string,
  privateKeyPem: string,
  nowMs: number,
): StoredAuthority {
  if (certificatePem.trim() === '' && privateKeyPem.trim() === '') return { state: 'empty' }
  const certificate = readAuthorityCertificate(certificatePem)
  if (certificate === undefined) return refuse('its certificate is not an authority’s, or not PEM')
  const key = readKey(privateKeyPem)
  if (key === undefined) return refuse('its key is not an unencrypted PEM private key')
  if (!isKeyOf(certificate, key)) return refuse('its key does not belong to its certificate')
  if (!isSigningKey(key)) return refuse('its key is neither RSA nor ECDSA on P-256 or P-384')
  if (certificate.notAfterMs <= nowMs)
    return refuse(`its certificate expired at ${new Date(certificate.notAfterMs).toISOString()}`)
  if (certificate.notBeforeMs > nowMs + CLOCK_SKEW_MS)
    return refuse(`its certificate is not valid before ${new Date(certificate.notBeforeMs).toISOString()}`)
  return { state: 'usable', authority: { ...certificate, privateKeyPem } }
}

/** An authority that was just made, as one of the Secret. Throws where it is unusable, which would be our own mistake. */
export function toSigningAuthority(pair: IssuedPair, nowMs: number): SigningAuthority {
  const stored = readStoredAuthority(pair.certificatePem, pair.privateKeyPem, nowMs)
  if (stored.state !== 'usable') throw new Error('a new certificate authority cannot be used')
  return stored.authority
}

function refuse(problem: string): StoredAuthority {
  return { state: 'unusable', problem }
}

function readKey(privateKeyPem: string): KeyObject | undefined {
  try {
    return createPrivateKey(privateKeyPem)
  } catch {
    // OpenSSL's text could tell of the key, and says nothing that helps.
    return undefined
  }
}

function isKeyOf({ certificatePem }: AuthorityCertificate, key: KeyObject): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(key)
  } catch {
    return false
  }
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}
