import type { Manifest } from './manifest.ts'

/** What is applied one after the other. */
export interface ApplyStages {
  /** What pods need before they can start. */
  readonly foundations: readonly Manifest[]
  /** The Deployment and what is around it. */
  readonly workloads: readonly Manifest[]
  /** What makes API servers ask the webhook, or check what it did. */
  readonly registrations: readonly Manifest[]
}

const FOUNDATION_KINDS = [
  'Namespace',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'Secret',
  'ConfigMap',
  'Issuer',
  'Certificate',
]

/** Divides manifests by when they may be applied; within a stage they keep kustomize's order. */
export function divideIntoStages(manifests: readonly Manifest[]): ApplyStages {
  const isRegistration = ({ apiVersion }: Manifest) => apiVersion.startsWith('admissionregistration.k8s.io/')
  const isFoundation = ({ kind }: Manifest) => FOUNDATION_KINDS.includes(kind)
  return {
    foundations: manifests.filter(isFoundation),
    workloads: manifests.filter((manifest) => !isFoundation(manifest) && !isRegistration(manifest)),
    registrations: manifests.filter(isRegistration),
  }
}
