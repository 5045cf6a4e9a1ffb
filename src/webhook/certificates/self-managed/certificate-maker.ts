import { createCertificateAuthority, restoreCertificateAuthority } from '../certificate-authority.ts'
import { readServingPair, type ServingPair } from '../serving-pair.ts'
import { uniteBundles } from './authority-certificate.ts'
import { type SecretContent, type SigningAuthority, toSigningAuthority } from './certificate-secret.ts'
import { type CertificateLifetimes, CLOCK_SKEW_MS } from './lifetimes.ts'
import type { SecretPlan } from './secret-plan.ts'
import type { ServiceReference } from './webhook-configuration.ts'

interface Circumstances {
  readonly nowMs: number
  readonly lifetimes: CertificateLifetimes
}

/** Turns a plan into what the Secret is to hold: makes the authorities that it asks for. */
export async function makeContent(plan: SecretPlan, circumstances: Circumstances): Promise<SecretContent> {
  const [current, next] = [await supply(plan.current), plan.next && (await supply(plan.next))]
  const bundle = uniteBundles([current], next === undefined ? [] : [next], plan.others)
  return { current, next, bundle, signingSinceMs: plan.signingSinceMs }

  async function supply(authority: SigningAuthority | 'new'): Promise<SigningAuthority> {
    return authority === 'new' ? await makeAuthority(circumstances) : authority
  }
}

async function makeAuthority({ nowMs, lifetimes }: Circumstances): Promise<SigningAuthority> {
  const pair = await createCertificateAuthority({
    // Two of one name would confuse people who read a bundle.
    commonName: `pod-identity-webhook CA ${new Date(nowMs).toISOString()}`,
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(nowMs + lifetimes.authorityMs),
  })
  return toSigningAuthority(pair, nowMs)
}

/** Makes a certificate for the Service's four names, which lives no longer than its authority; to be renewed at two thirds of its life. */
export async function makeLeaf(
  authority: SigningAuthority,
  { name, namespace }: ServiceReference,
  { nowMs, lifetimes }: Circumstances,
): Promise<{ readonly pair: ServingPair; readonly renewalMs: number }> {
  const notAfterMs = Math.min(nowMs + lifetimes.leafMs, authority.notAfterMs)
  const issued = await restoreCertificateAuthority(authority).issue({
    names: [
      name,
      `${name}.${namespace}`,
      `${name}.${namespace}.svc`,
      `${name}.${namespace}.svc.cluster.local`,
    ],
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(notAfterMs),
  })
  const reading = readServingPair(issued.certificatePem, issued.privateKeyPem, new Date(nowMs))
  if (!reading.isUsable) throw new Error(`a new serving certificate cannot be used: ${reading.problem}`)
  return { pair: reading.pair, renewalMs: nowMs + ((notAfterMs - nowMs) * 2) / 3 }
}
