import type { ControlPlaneConnection } from '../../cluster/support/control-plane.ts'
import type { EcrSetup } from './ecr-providers.ts'
import type { NodeImage } from './images/node-images.ts'
import type { KubeletSettings } from './kubelet.ts'
import type { NodePlace } from './machine/node-place.ts'

/** A node, its control plane, and an AWS that both know: JSON-able, since test files get it from the runner. */
export interface NodeConnection {
  readonly controlPlane: ControlPlaneConnection
  readonly place: NodePlace
  readonly kubelet: KubeletSettings
  readonly ecr: EcrSetup
  /** As pods name them, from a registry that asks nobody for a password. */
  readonly images: Readonly<Record<NodeImage, string>>
  /** Of that registry: whoever pushes an image there uses it as `HOST/NAME:TAG`. */
  readonly registryHost: string
  readonly issuerUrl: string
  /** STS as pods reach it: it gives credentials for tokens that verify with what `oidc publish` published. */
  readonly podStsUrl: string
  /** Of programs on this machine: leads them to the cluster, to moto, to STS and to the published documents. */
  readonly env: Readonly<Record<string, string>>
}

/** Names the file in which the runner leaves it for the test files. */
export const NODE_CONNECTION_VARIABLE = 'TEST_NODE_CONNECTION'
