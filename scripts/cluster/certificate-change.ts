import type { CertificateMode, ClusterOptions } from './cluster-options.ts'
import type { Kubectl } from './kubectl.ts'
import { addTrust, pauseInjection, type Registration } from './registration.ts'
import { waitForAuthority } from './rollout.ts'
import { addToKeptBundle, readServingAuthority } from './serving-authority.ts'

/** A change of certificates that was prepared, and is not done yet. */
export interface CertificateChange {
  /** Puts back what the preparation took away, as far as it is safe. Says what holds then. */
  giveUp(): Promise<string>
}

/**
 * Prepares API servers for replicas with certificates of the other kind, before any of them runs: whoever serves, old or
 * new, is trusted all the time. Throws ClusterError where the new certificates do not come; nothing that serves has changed then.
 */
export async function prepareCertificateChange(
  kubectl: Kubectl,
  options: ClusterOptions,
  registration: Registration,
  wanted: CertificateMode,
): Promise<CertificateChange> {
  if (wanted === 'cert-manager') {
    const authorityPem = await waitForAuthority(kubectl, options, wanted)
    await addToKeptBundle(kubectl, options.namespace, authorityPem)
    await addTrust(kubectl, authorityPem)
    return { giveUp: async () => 'both authorities stay trusted' }
  }
  // A self-managed replica adds its authority to those in the caBundle, and is ready when it is there; cainjector
  // would take it out again.
  const resumeInjection = await pauseInjection(kubectl, registration)
  return {
    async giveUp() {
      const { signerPem } = await readServingAuthority(kubectl, options.namespace, 'self-managed')
      // A replica with an authority of its own may be ready already.
      if (signerPem !== '') return 'both authorities stay trusted, and cainjector stays paused'
      await resumeInjection()
      return 'cainjector goes on as before'
    },
  }
}
