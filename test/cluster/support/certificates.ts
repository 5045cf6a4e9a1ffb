import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedPair,
} from '../../../src/webhook/certificates/certificate-authority.ts'

/** An hour back and a day on: longer than any run. */
const VALID_BEFORE_MS = 3_600_000
const VALID_AFTER_MS = 86_400_000

/** Creates a certificate authority for one run. */
export async function createTestAuthority(commonName: string): Promise<CertificateAuthority> {
  return createCertificateAuthority({ commonName, ...validity() })
}

/** Issues a serving certificate for host names and addresses. */
export async function issueTestCertificate(
  authority: CertificateAuthority,
  names: readonly string[],
): Promise<IssuedPair> {
  return authority.issue({ names, ...validity() })
}

function validity() {
  return {
    notBefore: new Date(Date.now() - VALID_BEFORE_MS),
    notAfter: new Date(Date.now() + VALID_AFTER_MS),
  }
}
