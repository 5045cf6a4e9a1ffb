import { ClusterError } from './cluster-error.ts'
import type { Kubectl } from './kubectl.ts'
import type { Manifest } from './manifest.ts'

const GROUP = 'admissionregistration.k8s.io'
const KIND = 'MutatingAdmissionPolicy'

/** The version by which the cluster serves MutatingAdmissionPolicy: v1 from 1.36 on, v1beta1 where it is switched on; else none. */
export async function findPolicyVersion(kubectl: Kubectl): Promise<string | undefined> {
  for (const version of ['v1', 'v1beta1']) {
    const { exitCode, stdout } = await kubectl.attempt(['get', `--raw=/apis/${GROUP}/${version}`])
    if (exitCode !== 0) continue
    const { resources } = JSON.parse(stdout) as { readonly resources: readonly { readonly kind: string }[] }
    if (resources.some(({ kind }) => kind === KIND)) return version
  }
  return undefined
}

/** Whether it is a MutatingAdmissionPolicy or its binding. */
export function isMutatingPolicy({ kind }: Manifest): boolean {
  return kind.startsWith(KIND)
}

/** Manifests with their policies in the version that the cluster serves; those without policies as they are. Throws ClusterError. */
export async function servePolicies(
  kubectl: Kubectl,
  manifests: readonly Manifest[],
  serverVersion: string,
): Promise<readonly Manifest[]> {
  if (!manifests.some(isMutatingPolicy)) return manifests
  const version = await findPolicyVersion(kubectl)
  if (version === undefined)
    throw new ClusterError(
      `Kubernetes ${serverVersion} serves no MutatingAdmissionPolicy: it takes 1.36, or 1.34 and 1.35 with the feature gate MutatingAdmissionPolicy and --runtime-config=${GROUP}/v1beta1=true; deploy the webhook without the policy`,
    )
  return inVersion(manifests, version)
}

/** Manifests with their policies in this version; without one, without them. */
export function inVersion(manifests: readonly Manifest[], version: string | undefined): readonly Manifest[] {
  if (version === undefined) return manifests.filter((manifest) => !isMutatingPolicy(manifest))
  return manifests.map((manifest) =>
    isMutatingPolicy(manifest) ? { ...manifest, apiVersion: `${GROUP}/${version}` } : manifest,
  )
}
