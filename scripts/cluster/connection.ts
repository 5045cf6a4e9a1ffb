import { ClusterError } from './cluster-error.ts'
import { findCause, type Kubectl } from './kubectl.ts'

/** The first kubectl whose kustomize has what deploy uses, and the first Kubernetes with what the manifests use. */
const OLDEST_KUBECTL_MINOR = 27
/** matchConditions of webhooks and ValidatingAdmissionPolicy are stable from here on. */
const OLDEST_SERVER_MINOR = 30

/** Which cluster answers. */
export interface Connection {
  readonly context: string
  /** Such as v1.36.3. */
  readonly serverVersion: string
  /** Group and version of every API that is served: `apps/v1`, and `v1` for the core. */
  readonly apiVersions: ReadonlySet<string>
}

/** Makes sure that kubectl and the cluster are there and new enough. Throws ClusterError. */
export async function connect(kubectl: Kubectl, env: NodeJS.ProcessEnv): Promise<Connection> {
  await checkKubectl(kubectl)
  const context = await findContext(kubectl, env)
  const { exitCode, stdout, stderr } = await kubectl.attempt([
    'get',
    '--raw=/version',
    '--request-timeout=10s',
  ])
  if (exitCode !== 0) {
    throw new ClusterError(`the cluster of context ${context} does not answer: ${findCause(stderr)}`)
  }
  const serverVersion = (JSON.parse(stdout) as { gitVersion: string }).gitVersion
  if (readMinor(serverVersion) < OLDEST_SERVER_MINOR) {
    throw new ClusterError(
      `the cluster of context ${context} is Kubernetes ${serverVersion}: the manifests need 1.${OLDEST_SERVER_MINOR} or newer`,
    )
  }
  const apiVersions = new Set((await kubectl.run(['api-versions'])).split('\n'))
  return { context, serverVersion, apiVersions }
}

async function checkKubectl(kubectl: Kubectl): Promise<void> {
  const { clientVersion } = JSON.parse(await kubectl.run(['version', '--client', '--output=json'])) as {
    clientVersion: { gitVersion: string }
  }
  if (readMinor(clientVersion.gitVersion) < OLDEST_KUBECTL_MINOR) {
    throw new ClusterError(
      `kubectl is ${clientVersion.gitVersion}: its kustomize is too old; install 1.${OLDEST_KUBECTL_MINOR} or newer`,
    )
  }
}

/** Inside of a pod kubectl needs no context. */
async function findContext(kubectl: Kubectl, env: NodeJS.ProcessEnv): Promise<string> {
  const { exitCode, stdout } = await kubectl.attempt(['config', 'current-context'])
  if (exitCode === 0 && stdout.trim() !== '') return stdout.trim()
  if (env['KUBERNETES_SERVICE_HOST']) return 'in-cluster'
  throw new ClusterError(
    'kubectl has no current context: set KUBECONFIG, or choose one with kubectl config use-context',
  )
}

/** 36 of v1.36.3. Kubernetes has had major version 1 for ever; a later one would be new enough. */
function readMinor(version: string): number {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  return Number(major) > 1 ? Number.POSITIVE_INFINITY : Number(minor)
}
