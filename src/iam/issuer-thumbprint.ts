import { once } from 'node:events'
import { isIP } from 'node:net'
import { checkServerIdentity, connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'

/** What IAM knows a host's certificates by, where no public authority vouches for them. */
export interface ServedThumbprint {
  /** SHA-1 of the certificate, in lower-case hexadecimal. */
  readonly thumbprint: string
  /** Which certificate it is, for people. */
  readonly description: string
}

const TIMEOUT_MS = 10_000
/** OpenSSL follows chains of at most a hundred; a host serves three or four. */
const MOST_CERTIFICATES = 100

/**
 * Asks the issuer's host for its certificates, and gives the thumbprint of the last one of the chain, which is what IAM
 * wants: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
 *
 * Nobody vouches for what is served: that is the thumbprint's purpose. Rejects in one line.
 */
export async function fetchThumbprint(host: string, port = 443): Promise<ServedThumbprint> {
  const socket = connect({
    host,
    port,
    // RFC 6066 has no addresses in SNI.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: false,
    // With Node's authorities a root that is not served would end the chain.
    ca: [],
    timeout: TIMEOUT_MS,
  })
  socket.once('timeout', () => socket.destroy(new Error('it does not answer in time')))
  try {
    await once(socket, 'secureConnect')
    return describeChain(host, readChain(socket))
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new Error(`no thumbprint of ${host}: ${cause}; leave --thumbprint out for a host of public trust`, {
      cause: error,
    })
  } finally {
    socket.destroy()
  }
}

function readChain(socket: TLSSocket): readonly DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = []
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (certificate !== undefined && chain.length < MOST_CERTIFICATES) {
    chain.push(certificate)
    // One that signed itself is its own issuer.
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate
    certificate = issuer?.fingerprint256 === certificate.fingerprint256 ? undefined : issuer
  }
  return chain
}

function describeChain(host: string, chain: readonly DetailedPeerCertificate[]): ServedThumbprint {
  const [leaf] = chain
  const last = chain.at(-1)
  if (leaf === undefined || last === undefined) throw new Error('it serves no certificate')
  const mismatch = checkServerIdentity(host, leaf)
  if (mismatch !== undefined) throw mismatch
  const thumbprint = last.fingerprint.replaceAll(':', '').toLowerCase()
  const name = JSON.stringify(last.subject.CN ?? last.subject.O ?? '')
  return {
    thumbprint,
    description: `thumbprint ${thumbprint} is that of ${name}, the last of the ${chain.length} certificates that ${host} serves; IAM will trust what it signed, so check that it is yours`,
  }
}
