import { mkdir, writeFile } from 'node:fs/promises'
import { connect, type IncomingHttpHeaders } from 'node:http2'
import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { describeDaemon, type NodeDaemon } from './machine/node-daemon.ts'
import type { NodePlace } from './machine/node-place.ts'

/** What containerd is told of the rest of the node. */
export interface ContainerdOptions {
  readonly place: NodePlace
  readonly cniBinFolder: string
  readonly cniConfigFolder: string
  readonly pauseImage: string
}

/** Where registries of images are, by the host that image names have. */
export type RegistryHosts = Readonly<Record<string, string>>

const ANSWER_TIMEOUT_MS = 5_000

/** Of containerd, for the kubelet. */
export function containerdSocket({ folder }: NodePlace): string {
  return join(folder, 'containerd/containerd.sock')
}

/** What a power cut empties: on real nodes it is in memory. */
export function containerdState({ folder }: NodePlace): string {
  return join(folder, 'containerd/state')
}

/** Writes containerd's configuration. */
export async function prepareContainerd(options: ContainerdOptions): Promise<void> {
  const path = configPath(options.place)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, writeConfig(options))
}

/** Leads containerd to registries on this machine in place of those that image names say. */
export async function routeRegistries({ folder }: NodePlace, hosts: RegistryHosts): Promise<void> {
  for (const [host, url] of Object.entries(hosts)) {
    const hostFolder = join(folder, 'containerd/certs.d', host)
    await mkdir(hostFolder, { recursive: true })
    const text = `server = "${url}"\n[host."${url}"]\n  capabilities = ["pull", "resolve"]\n`
    await writeFile(join(hostFolder, 'hosts.toml'), text)
  }
}

/** Starts containerd, and waits until it answers kubelets. */
export async function startContainerd(place: NodePlace): Promise<NodeDaemon> {
  const daemon = describeDaemon(place, 'containerd')
  await daemon.start('containerd', [`--config=${configPath(place)}`])
  await daemon.waitFor('ready', () => answersKubelets(containerdSocket(place)))
  return daemon
}

/** Asks for the version as kubelets do: they end where the part for them is not done with what it found. */
async function answersKubelets(path: string): Promise<true | undefined> {
  const { promise, resolve } = Promise.withResolvers<true | undefined>()
  const session = connect('http://localhost', { createConnection: () => createConnection(path) })
  session.on('error', () => resolve(undefined))
  session.setTimeout(ANSWER_TIMEOUT_MS, () => resolve(undefined))
  const headers = { 'content-type': 'application/grpc', te: 'trailers' }
  const request = session.request({
    ':method': 'POST',
    ':path': '/runtime.v1.RuntimeService/Version',
    ...headers,
  })
  const read = (fields: IncomingHttpHeaders) => {
    const status = fields['grpc-status']
    if (status !== undefined) resolve(status === '0' || undefined)
  }
  request.on('response', read).on('trailers', read)
  request.on('error', () => resolve(undefined)).on('close', () => resolve(undefined))
  request.resume()
  // gRPC's frame of a message without fields: not compressed, no bytes long.
  request.end(Buffer.alloc(5))
  return promise.finally(() => session.destroy())
}

function configPath({ folder }: NodePlace): string {
  return join(folder, 'containerd/config.toml')
}

function writeConfig({ place, cniBinFolder, cniConfigFolder, pauseImage }: ContainerdOptions): string {
  const folder = join(place.folder, 'containerd')
  return `version = 2
root = "${folder}/root"
state = "${containerdState(place)}"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
  address = "${containerdSocket(place)}"

[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # Without CAP_SYS_RESOURCE nobody can lower a score below its own, and runc fails for another reason than it says.
  restrict_oom_score_adj = true
  # Namespaces of pods are below the node's folder, too.
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false
  Root = "${folder}/runc"

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${cniBinFolder}"
  conf_dir = "${cniConfigFolder}"

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "${folder}/certs.d"
`
}
