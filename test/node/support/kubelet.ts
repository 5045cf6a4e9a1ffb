import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreePorts } from '../../cluster/support/free-port.ts'
import { formatKubeconfig } from '../../cluster/support/kubeconfig.ts'
import { containerdSocket } from './containerd.ts'
import { describeDaemon, type NodeDaemon } from './machine/node-daemon.ts'
import type { NodePlace } from './machine/node-place.ts'

/** What a kubelet is told once: JSON-able, so that any process can start it again. */
export interface KubeletSettings {
  readonly command: string
  readonly healthPort: number
  /** Flags, of which those of credential providers are the last: a later one of the same name wins. */
  readonly flags: readonly string[]
}

/** The kubelet's client certificate with its key: it names the node, and is made anew in time. */
export function kubeletCertificate({ folder }: NodePlace): string {
  return join(folder, 'kubelet/pki/kubelet-client-current.pem')
}

/** Writes a kubelet's configuration, and by which token it asks for its first certificate. */
export async function prepareKubelet(options: {
  readonly place: NodePlace
  readonly command: string
  readonly apiServer: { readonly url: string; readonly caPem: string; readonly bootstrapToken: string }
}): Promise<KubeletSettings> {
  const { place, command, apiServer } = options
  const folder = join(place.folder, 'kubelet')
  const pathOf = (name: string) => join(folder, name)
  await mkdir(folder)
  const [port = 0, healthPort = 0] = await findFreePorts(2)
  const { url, caPem, bootstrapToken: token } = apiServer
  await writeFile(pathOf('bootstrap.kubeconfig'), formatKubeconfig({ url, caPem, token }), { mode: 0o600 })
  await writeFile(pathOf('config.json'), JSON.stringify(describeConfig(place, { port, healthPort })))
  const flags = {
    config: pathOf('config.json'),
    'bootstrap-kubeconfig': pathOf('bootstrap.kubeconfig'),
    kubeconfig: pathOf('kubeconfig'),
    'root-dir': pathOf('root'),
    'cert-dir': pathOf('pki'),
    'hostname-override': place.nodeName,
    'node-ip': place.gateway,
  }
  return { command, healthPort, flags: Object.entries(flags).map(([name, value]) => `--${name}=${value}`) }
}

/** Starts the kubelet, with flags of its own behind the usual ones, and waits until it is healthy. */
export async function startKubelet(
  place: NodePlace,
  { command, flags, healthPort }: KubeletSettings,
  ownFlags: readonly string[] = [],
): Promise<NodeDaemon> {
  const daemon = describeDaemon(place, 'kubelet')
  await daemon.start(command, [...flags, ...ownFlags])
  await daemon.waitFor('healthy', () => isHealthy(healthPort))
  return daemon
}

async function isHealthy(port: number): Promise<true | undefined> {
  return fetch(`http://127.0.0.1:${port}/healthz`).then(
    (answer) => answer.ok || undefined,
    () => undefined,
  )
}

function describeConfig(place: NodePlace, ports: { readonly port: number; readonly healthPort: number }) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: place.gateway,
    port: ports.port,
    readOnlyPort: 0,
    healthzBindAddress: '127.0.0.1',
    healthzPort: ports.healthPort,
    // Only this machine reaches it.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    rotateCertificates: true,
    containerRuntimeEndpoint: `unix://${containerdSocket(place)}`,
    podLogsDir: join(place.folder, 'logs'),
    // Everything of the node is below one cgroup, and nobody else's is touched.
    cgroupRoot: `/${place.cgroup}`,
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    localStorageCapacityIsolation: false,
    // The machine is not the node's own: how full it is says nothing.
    evictionHard: {
      'memory.available': '0%',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
      'imagefs.inodesFree': '0%',
    },
    imageGCHighThresholdPercent: 100,
    serializeImagePulls: false,
    registryPullQPS: 0,
    eventRecordQPS: 0,
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
    // The first try of a mount may come before the Secret or ConfigMap is known.
    syncFrequency: '10s',
    logging: { verbosity: 2 },
  }
}
