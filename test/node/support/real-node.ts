import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { type Cluster, openCluster } from '../../cluster/support/cluster.ts'
import { runProgram } from '../../cluster/support/issuer-world.ts'
import type { ProgramRun } from '../../support/program-run.ts'
import { startKubelet } from './kubelet.ts'
import { describeDaemon, type NodeDaemon } from './machine/node-daemon.ts'
import { NODE_CONNECTION_VARIABLE, type NodeConnection } from './node-connection.ts'
import { bootNode, cutPower, waitUntilReady } from './node-power.ts'
import { openNodeWorld } from './node-world.ts'

/**
 * A real node as tests use it: containerd and the kubelet of this machine, pods with addresses of their own, a registry with our
 * image and others (`images`), and an AWS (`podStsUrl`, `env`). All test files share it: each has namespaces of its own, and
 * leaves nothing in the cluster that pods of others meet.
 */
export interface RealNode extends NodeConnection {
  readonly cluster: Cluster
  readonly daemons: { readonly kubelet: NodeDaemon; readonly containerd: NodeDaemon }
  /** Runs kubectl to a good end and gives what it prints; `input` is its standard input. */
  kubectl(args: readonly string[], input?: unknown): Promise<string>
  /** Runs pod-identity-webhook on this machine, led to the cluster and to AWS. */
  run(...args: readonly string[]): Promise<ProgramRun>
  /** With flags behind the usual ones: those of our ECR plugin, unless others are given. Pods run on. */
  restartKubelet(flags?: readonly string[]): Promise<void>
  /** Ends the kubelet, containerd and all containers at once. */
  cutPower(): Promise<void>
  /** Starts the node again, and waits until it is ready. */
  boot(): Promise<void>
}

/** The runner's node; a test file that runs alone starts one for itself, which ends with it. */
export async function useNode(t: Test): Promise<RealNode> {
  const path = process.env[NODE_CONNECTION_VARIABLE]
  const connection =
    path === undefined ? await openNodeWorld(t) : (JSON.parse(readFileSync(path, 'utf8')) as NodeConnection)
  const cluster = openCluster(connection.controlPlane)
  t.teardown(() => cluster.close())
  return openNode(connection, cluster)
}

function openNode(connection: NodeConnection, cluster: Cluster): RealNode {
  const { place, kubelet, ecr, env } = connection
  const daemons = {
    kubelet: describeDaemon(place, 'kubelet'),
    containerd: describeDaemon(place, 'containerd'),
  }
  return {
    ...connection,
    cluster,
    daemons,
    async kubectl(args, input) {
      const { exitCode, stdout, stderr } = await cluster.kubectl(args, input)
      if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
      return stdout
    },
    run: (...args) => runProgram(args, env),
    async restartKubelet(flags = ecr.kubeletFlags) {
      await daemons.kubelet.stop()
      await startKubelet(place, kubelet, flags)
      await waitUntilReady(cluster, place.nodeName)
    },
    cutPower: () => cutPower(connection),
    boot: () => bootNode(connection, cluster),
  }
}
