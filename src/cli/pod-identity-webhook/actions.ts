import { SYSTEM_TIMING } from '../../kubernetes/timing.ts'
import type { Actions } from './program.ts'

/** The real actions, loaded when they are run: --help needs neither, and `inject` no server. */
export const ACTIONS: Actions = {
  async serve(options) {
    const { serve } = await import('../../webhook/serve.ts')
    await serve(options)
  },
  async inject(options) {
    const { inject } = await import('../../webhook/inject.ts')
    await inject(options)
  },
  async writePolicy(options) {
    const { writePolicy } = await import('../../webhook/write-policy.ts')
    return await writePolicy(options)
  },
  async planDocuments(options) {
    const { planDocuments } = await import('../../oidc/generation/generate-documents.ts')
    return await planDocuments(options)
  },
  async planPublication(options, { isDryRun }) {
    const { planPublication } = await import('../../oidc/publishing/publication.ts')
    return await planPublication({ ...options, isPlanWithoutCredentials: isDryRun, timing: SYSTEM_TIMING })
  },
  async sync(options) {
    const { sync } = await import('../../oidc/sync/sync.ts')
    await sync(options)
  },
  async planProvider(options) {
    const { planProvider } = await import('../../iam/plan-provider.ts')
    return await planProvider(options)
  },
  async planRole(options) {
    const { planRole } = await import('../../iam/plan-role.ts')
    return await planRole(options)
  },
  async writeTrustPolicy(request) {
    const { writeTrustPolicy } = await import('../../iam/write-trust-policy.ts')
    return writeTrustPolicy(request)
  },
  async examineCluster(request, surroundings) {
    const { examineCluster } = await import('../../doctor/doctor.ts')
    return await examineCluster(request, surroundings)
  },
  async verifyIssuer(request, surroundings) {
    const { verifyIssuer } = await import('../../oidc/verify/verify-issuer.ts')
    return await verifyIssuer(request, surroundings)
  },
}
