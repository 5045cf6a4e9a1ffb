import { poll } from '../../cluster/support/daemon.ts'
import { REGION } from '../../cluster/support/issuer-world.ts'
import type { RealNode } from './real-node.ts'

/** A pod's template of one container, as teams write it that use AWS. */
export interface Workload {
  readonly serviceAccount: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
}

const LINE_TIMEOUT_MS = 60_000

/** The spec of its pods. STS is that of the suite; in all else they find AWS as anywhere. */
export function describeWorkload(node: RealNode, workload: Workload) {
  const { serviceAccount, image, command, args } = workload
  const env = {
    AWS_ENDPOINT_URL_STS: node.podStsUrl,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_DEFAULT_REGION: REGION,
  }
  return {
    serviceAccountName: serviceAccount,
    terminationGracePeriodSeconds: 2,
    containers: [
      {
        name: 'app',
        image,
        ...(command && { command }),
        ...(args && { args }),
        env: Object.entries(env).map(([name, value]) => ({ name, value })),
      },
    ],
  }
}

/** A pod that runs once. */
export function describeOnce(node: RealNode, name: string, workload: Workload) {
  const spec = { restartPolicy: 'Never', ...describeWorkload(node, workload) }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }
}

export function describeDeployment(node: RealNode, name: string, workload: Workload) {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: describeWorkload(node, workload) }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template },
  }
}

/** What a pod, or one of a Deployment's, prints first in its present run. */
export async function readFirstLine(node: RealNode, namespace: string, name: string): Promise<string> {
  const line = await poll(async () => {
    const args = ['logs', name, `--namespace=${namespace}`]
    const { exitCode, stdout } = await node.cluster.kubectl(args)
    return exitCode === 0 && stdout.includes('\n') ? stdout.split('\n')[0] : undefined
  }, LINE_TIMEOUT_MS)
  if (line === undefined) throw new Error(`${namespace}/${name} prints nothing`)
  return line
}

/** Runs a pod to its end, and gives that (`Succeeded`, `Failed`) and what it printed. */
export async function runOnce(
  node: RealNode,
  namespace: string,
  name: string,
  workload: Workload,
): Promise<{ readonly phase: string; readonly output: string }> {
  const scope = `--namespace=${namespace}`
  await node.kubectl(['apply', scope, '--filename=-'], describeOnce(node, name, workload))
  const readPhase = ['get', 'pod', name, scope, '--output=jsonpath={.status.phase}']
  const phase = await poll(async () => {
    const now = await node.kubectl(readPhase)
    return now === 'Succeeded' || now === 'Failed' ? now : undefined
  }, LINE_TIMEOUT_MS)
  if (phase === undefined)
    throw new Error(`${namespace}/${name}: ${await node.kubectl(['describe', 'pod', name, scope])}`)
  return { phase, output: await node.kubectl(['logs', name, scope]) }
}
