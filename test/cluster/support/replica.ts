import { join } from 'node:path'
import { type Daemon, startDaemon } from './daemon.ts'
import { findFreePorts } from './free-port.ts'
import { findWebhookScript } from './webhook.ts'

/** One of several webhook processes behind a load balancer. */
export interface Replica {
  readonly port: number
  readonly metricsPort: number
  readonly daemon: Daemon
}

/** Over the program's own --shutdown-timeout. */
const STOP_GRACE_MS = 45_000

/** Starts a webhook as the shipped Deployment does, apart from its ports. It is not waited for. */
export async function startReplica(options: {
  readonly folder: string
  readonly kubeconfigPath: string
  readonly flags: readonly string[]
}): Promise<Replica> {
  const [port = 0, metricsPort = 0] = await findFreePorts(2)
  const args = [
    findWebhookScript(),
    'serve',
    `--kubeconfig=${options.kubeconfigPath}`,
    `--port=${port}`,
    `--metrics-port=${metricsPort}`,
    '--namespace=eks',
    '--log-format=json',
    ...options.flags,
  ]
  const daemon = await startDaemon({
    name: 'pod-identity-webhook',
    command: process.execPath,
    args,
    logPath: join(options.folder, `replica-${port}.log`),
  })
  return { port, metricsPort, daemon }
}

/** SIGTERM, then waits until the replica has drained and ended. Rejects where it did not end well. */
export async function stopReplica({ daemon }: Replica): Promise<void> {
  const { code, signal } = await daemon.stop(STOP_GRACE_MS)
  if (code !== 0) throw new Error(`a replica ended with ${code ?? signal}`)
}
