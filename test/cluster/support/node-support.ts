import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateAuthority } from '../../../src/webhook/certificates/certificate-authority.ts'

/** What a control plane has to know to have real nodes. */
export interface NodeSupport {
  readonly schedulerPath: string
  /** Of Services, such as `10.130.7.0/24`; the API server itself is the first of it. */
  readonly serviceRange: string
  readonly apiServerAddress: string
  /** By which a kubelet asks for its first certificate. */
  readonly bootstrapToken: string
}

/** Who kubelets without a certificate are (kubeadm calls them so too). */
export const BOOTSTRAP_GROUP = 'system:bootstrappers'

/** What makes endpoints of ready pods, frees ready nodes of their taint, and gives kubelets certificates. */
export const NODE_CONTROLLERS = [
  'endpointslice-controller',
  'node-lifecycle-controller',
  'taint-eviction-controller',
  'certificatesigningrequest-approving-controller',
  'certificatesigningrequest-signing-controller',
]

/** What kubelets without a certificate may do: ask for one, which is approved (as kubeadm sets it up). */
export const BOOTSTRAP_BINDINGS = [
  'system:node-bootstrapper',
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
].map((name, index) => ({
  metadata: { name: `bootstrap-${index}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: BOOTSTRAP_GROUP }],
}))

/** The API server's flags beside the usual ones, or instead of them. `caPath` is the certificate of the cluster's authority. */
export function listNodeApiServerFlags(
  { serviceRange }: NodeSupport,
  caPath: string,
): Readonly<Record<string, string>> {
  return {
    'service-cluster-ip-range': serviceRange,
    // There is no kube-proxy: it calls the pods behind a Service by itself.
    'enable-aggregator-routing': 'true',
    'client-ca-file': caPath,
    // For kubectl logs: nobody knows the name of the node.
    'kubelet-preferred-address-types': 'InternalIP',
  }
}

/** The controllers' flags beside the usual ones, and the file that they name. */
export async function prepareSigning(
  folder: string,
  authority: CertificateAuthority,
): Promise<Readonly<Record<string, string>>> {
  const keyPath = join(folder, 'ca.key')
  await writeFile(keyPath, authority.privateKeyPem, { mode: 0o600 })
  return {
    'cluster-signing-cert-file': join(folder, 'ca.crt'),
    'cluster-signing-key-file': keyPath,
  }
}
