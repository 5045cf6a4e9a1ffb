import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where on this machine a node is: all that it makes is below these, so that several can be there at once. JSON-able. */
export interface NodePlace {
  readonly folder: string
  /** The name of the Node object. */
  readonly nodeName: string
  /** Of all its containers, below the root of each hierarchy. */
  readonly cgroup: string
  readonly bridge: string
  /** The machine's address on the bridge: of the node, and by which its pods reach the machine. */
  readonly gateway: string
  readonly podSubnet: string
  readonly serviceRange: string
  /** The API server's, as pods have it in KUBERNETES_SERVICE_HOST. */
  readonly apiServerAddress: string
}

/**
 * Everything that belongs to a node has this variable in its environment, with the node's folder as the value; what is on the
 * node itself, and dies when its power is cut, has `/node` behind it.
 */
export const MARKER = 'POD_IDENTITY_NODE'

/** Of containerd and the kubelet, whose folders a power cut leaves. */
export function markNode({ folder }: NodePlace): string {
  return `${folder}/node`
}

/** Chooses a place that nobody has, and makes its folder. */
export function choosePlace(): NodePlace {
  const folder = mkdtempSync(join(tmpdir(), 'node-suite-'))
  const id = randomBytes(3).toString('hex')
  const taken = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address.split('.').slice(0, 3).join('.')),
  )
  const pods = chooseNetwork(64, taken)
  const services = chooseNetwork(128, taken)
  return {
    folder,
    nodeName: `node-${id}`,
    cgroup: `node-suite-${id}`,
    bridge: `node-${id}`,
    gateway: `${pods}.1`,
    podSubnet: `${pods}.0/24`,
    serviceRange: `${services}.0/24`,
    apiServerAddress: `${services}.1`,
  }
}

/** The first three parts of an address in 10.0.0.0/8, from 64 second parts on. */
function chooseNetwork(firstSecond: number, taken: readonly string[]): string {
  for (let attempt = 0; attempt < 100; attempt++) {
    const [second = 0, third = 0] = randomBytes(2)
    const network = `10.${firstSecond + (second % 64)}.${third}`
    if (!taken.includes(network)) return network
  }
  throw new Error('no network of 10.0.0.0/8 is free')
}
