import { buildDeploymentPod } from './deployment-pod.ts'

/** The ServiceAccount of deploy/examples that the pod runs as. */
export const NAMESPACE = 'shop'
export const SERVICE_ACCOUNT = 'cart'

/** The uid of the request, which an answer must echo. */
export const REVIEW_UID = '7f0c1c52-6a1e-4f0b-9d58-3c2f5b8e9a10'

/**
 * Builds the AdmissionReview v1 that a kube-apiserver sends for a pod of a Deployment, the same at every call.
 *
 * About 7.5 KB as JSON, which is what a pod with an init container, two containers, probes and managedFields comes
 * to; the API server has already run its ServiceAccount admission plugin over it.
 */
export function buildAdmissionReview() {
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: REVIEW_UID,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      namespace: NAMESPACE,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        uid: '0b6cfd4e-8a3a-4be8-9f0e-5d1e7a4b2c33',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
        extra: {
          'authentication.kubernetes.io/credential-id': ['JTI=5c2d1b7e-43c5-4f0a-8d7b-6a9e0f1c2d3e'],
        },
      },
      object: buildDeploymentPod(SERVICE_ACCOUNT),
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  }
}
