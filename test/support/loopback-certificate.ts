import { createTestAuthority, issueLocalPair } from './certificates.ts'

/** A certificate for 127.0.0.1 and localhost with its key, and the CA that vouches for it; PEM. */
export interface LoopbackCertificate {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Makes one, and an authority of its own with it: no other certificate is trusted with it. */
export async function createLoopbackCertificate(): Promise<LoopbackCertificate> {
  const authority = await createTestAuthority()
  const pair = await issueLocalPair(authority)
  return { ca: authority.certificatePem, cert: pair.certificatePem, key: pair.privateKeyPem }
}
