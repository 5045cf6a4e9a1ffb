import { uniteBundles } from '../../src/webhook/certificates/self-managed/authority-certificate.ts'
import type {
  CertificateSecret,
  SecretContent,
  SigningAuthority,
  StoredAuthority,
} from '../../src/webhook/certificates/self-managed/certificate-secret.ts'
import type { SecretPlan } from '../../src/webhook/certificates/self-managed/secret-plan.ts'

/** An authority as decisions see it: its name is its fingerprint, and there is nothing behind it. */
export function fabricateAuthority(name: string, notAfterMs: number, notBeforeMs = 0): SigningAuthority {
  return { certificatePem: name, privateKeyPem: name, fingerprint: name, notBeforeMs, notAfterMs }
}

/** What the Secret would hold once a plan was carried out; `makeAuthority` stands for the new ones. */
export function carryOut(plan: SecretPlan, makeAuthority: () => SigningAuthority): SecretContent {
  const supply = (authority: SigningAuthority | 'new') => (authority === 'new' ? makeAuthority() : authority)
  const current = supply(plan.current)
  const next = plan.next && supply(plan.next)
  const bundle = uniteBundles([current], next === undefined ? [] : [next], plan.others)
  return { current, next, bundle, signingSinceMs: plan.signingSinceMs }
}

/** The Secret as it is read back at a time at which some of it may have expired. */
export function readBack(content: SecretContent, nowMs: number): CertificateSecret {
  const store = (authority: SigningAuthority | undefined): StoredAuthority => {
    if (authority === undefined) return { state: 'empty' }
    return authority.notAfterMs > nowMs
      ? { state: 'usable', authority }
      : { state: 'unusable', problem: 'it expired' }
  }
  return {
    current: store(content.current),
    next: store(content.next),
    bundle: content.bundle,
    signingSinceMs: content.current.notAfterMs > nowMs ? content.signingSinceMs : undefined,
  }
}
