import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Cluster, openCluster } from './cluster.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { findControlPlaneBinaries } from './control-plane-binaries.ts'
import { poll } from './daemon.ts'
import { type Installation, installWebhook } from './installation.ts'
import { type LoadBalancer, startLoadBalancer } from './load-balancer.ts'
import { type Replica, startReplica, stopReplica } from './replica.ts'
import { readMetric } from './webhook.ts'

const EVENT_TIMEOUT_MS = 60_000

/** An installed webhook of two replicas behind its Service, and the control plane that they serve: of one test alone. */
export interface Scene {
  readonly cluster: Cluster
  readonly controlPlane: ControlPlane
  readonly installation: Installation
  listReplicas(): readonly Replica[]
  /** As a Deployment with `maxUnavailable: 0` does: a new replica is ready before an old one is told to end. */
  restartReplicas(): Promise<void>
  /** Compacts etcd while the API server is down, so that watches cannot go on from where they were. */
  restartApiServer(): Promise<void>
  /** Ends all replicas at once, without warning. */
  killReplicas(): Promise<void>
  addReplica(): Promise<void>
  /** The sum of a metric over the replicas. */
  readMetric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>
}

/**
 * Opens a scene with replicas of these flags; it is closed when the test ends. Nothing is registered yet.
 *
 * `failurePolicy` is that of the registration, `Fail` where absent.
 */
export async function openScene(
  t: Test,
  flags: readonly string[],
  { failurePolicy = 'Fail' }: { readonly failurePolicy?: 'Fail' | 'Ignore' } = {},
): Promise<Scene> {
  const binaries = await findControlPlaneBinaries(process.env, (line) => t.comment(line))
  const controlPlane = await startControlPlane(binaries, { hasControllers: false })
  const cluster = openCluster(controlPlane.connection)
  const replicas: Replica[] = []
  let balancer: LoadBalancer | undefined
  t.teardown(async () => {
    await balancer?.close()
    await Promise.all(replicas.map(({ daemon }) => daemon.stop(0)))
    cluster.close()
    await controlPlane.stop()
  })
  const installation = await installWebhook(cluster, { failurePolicy })
  balancer = await startLoadBalancer(installation.serviceAddress)
  const folder = await mkdtemp(join(cluster.connection.workFolder, 'replicas-'))
  const scene = createScene({ cluster, controlPlane, installation, balancer, folder, flags, replicas })
  await scene.addReplica()
  await scene.addReplica()
  return scene
}

function createScene(parts: {
  readonly cluster: Cluster
  readonly controlPlane: ControlPlane
  readonly installation: Installation
  readonly balancer: LoadBalancer
  readonly folder: string
  readonly flags: readonly string[]
  readonly replicas: Replica[]
}): Scene {
  const { cluster, controlPlane, installation, balancer, folder, flags, replicas } = parts
  const listPorts = () => replicas.map(({ port }) => port)
  const addReplica = async () => {
    const replica = await startReplica({ folder, kubeconfigPath: installation.kubeconfigPath, flags })
    replicas.push(replica)
    balancer.add(replica.port)
    await balancer.waitUntilServing(listPorts())
  }
  const readSum = async (name: string, labels?: Readonly<Record<string, string>>) => {
    const pages = replicas.map(async ({ metricsPort }) =>
      (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text(),
    )
    return (await Promise.all(pages)).reduce((sum, page) => sum + readMetric(page, name, labels), 0)
  }
  return {
    cluster,
    controlPlane,
    installation,
    listReplicas: () => replicas,
    addReplica,
    readMetric: readSum,
    async killReplicas() {
      for (const { port, daemon } of replicas.splice(0)) {
        process.kill(daemon.pid, 'SIGKILL')
        await daemon.stop(0)
        balancer.remove(port)
      }
    },
    async restartReplicas() {
      for (const replica of [...replicas]) {
        await addReplica()
        replicas.splice(replicas.indexOf(replica), 1)
        await stopReplica(replica)
        // The balancer finds out by itself, as a Service does: up to a second it sends connections where nobody is.
        await balancer.waitUntilServing(listPorts())
        balancer.remove(replica.port)
      }
    },
    async restartApiServer() {
      await controlPlane.stopApiServer()
      await compactEtcd(cluster.connection.etcdUrl)
      await controlPlane.startApiServer()
      const connected = poll(async () => {
        const sum = await readSum('pod_identity_webhook_watch_connected', { resource: 'serviceaccounts' })
        return sum === replicas.length || undefined
      }, EVENT_TIMEOUT_MS)
      if (!(await connected)) throw new Error('the watches did not come back')
    },
  }
}

/** By the JSON gateway of its gRPC interface. */
async function compactEtcd(etcdUrl: string): Promise<void> {
  const post = async (path: string, body: object) => {
    const response = await fetch(`${etcdUrl}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`etcd: ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as { readonly header: { readonly revision: string } }
  }
  const { header } = await post('kv/range', { key: Buffer.from('/').toString('base64') })
  await post('kv/compaction', { revision: header.revision, physical: true })
}
