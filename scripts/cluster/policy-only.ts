import { checkAccess, listAccesses } from './access-review.ts'
import type { ClusterOptions } from './cluster-options.ts'
import { connect } from './connection.ts'
import type { Kubectl } from './kubectl.ts'
import { toList } from './manifest.ts'
import { servePolicies } from './policy-version.ts'
import type { Progress } from './progress.ts'
import { findRegistration } from './registration.ts'
import { renderManifests } from './rendered-manifests.ts'

/** How many steps there are. */
export const POLICY_STEPS = 2

/** Deploys the policies alone: `make cluster-up MODE=policy`. `apply` is what kubectl applies with. */
export async function bringUpPolicies(
  kubectl: Kubectl,
  { namespace }: ClusterOptions,
  progress: Progress,
  apply: readonly string[],
): Promise<void> {
  progress.begin('Asking the cluster')
  const { context, serverVersion } = await connect(kubectl, process.env)
  progress.note(`context ${context}, Kubernetes ${serverVersion}`)
  const rendered = await renderManifests(kubectl, { namespace, certificateMode: 'none', components: [] })
  const policies = await servePolicies(kubectl, rendered, serverVersion)
  await checkAccess(kubectl, listAccesses(['get', 'create', 'patch'], policies))
  const registration = await findRegistration(kubectl)
  if (registration !== undefined)
    progress.note(`the webhook in namespace ${registration.namespace} stays, above the policies`)

  progress.begin('Applying the policies')
  await kubectl.run(apply, toList(policies))
  progress.note('API servers take them up within seconds')
}
