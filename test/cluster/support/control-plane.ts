import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApiClient, createApiClient } from './api-client.ts'
import { createTestAuthority, issueTestCertificate } from './certificates.ts'
import type { ControlPlaneBinaries } from './control-plane-binaries.ts'
import { type Daemon, startDaemon, waitForDaemon } from './daemon.ts'
import { findFreePorts } from './free-port.ts'
import { formatKubeconfig } from './kubeconfig.ts'
import {
  BOOTSTRAP_BINDINGS,
  BOOTSTRAP_GROUP,
  listNodeApiServerFlags,
  NODE_CONTROLLERS,
  type NodeSupport,
  prepareSigning,
} from './node-support.ts'
import { createTokenKeys } from './token-keys.ts'

/** The issuer and audience of ServiceAccount tokens where no other is wanted. */
export const ISSUER = 'https://issuer.test.invalid'

/** How to reach a control plane, as JSON-able values: test files get it from the runner. */
export interface ControlPlaneConnection {
  readonly apiServerUrl: string
  readonly etcdUrl: string
  readonly caPem: string
  /** Of a member of system:masters. */
  readonly adminToken: string
  readonly adminKubeconfigPath: string
  readonly auditLogPath: string
  readonly kubectlPath: string
  /** For files of tests: removed when the control plane is stopped. */
  readonly workFolder: string
}

/** A running etcd, kube-apiserver and, if wanted, kube-controller-manager on 127.0.0.1. */
export interface ControlPlane {
  readonly connection: ControlPlaneConnection
  /** Starts one more API server on the same etcd, with the same keys and certificate; gives its URL. */
  addApiServer(): Promise<string>
  stopApiServer(): Promise<void>
  /** Starts the API server again on the same port, with the same keys and data. */
  startApiServer(): Promise<void>
  /** Makes another key that tokens may be signed with: the API server knows it from its next start on. */
  addTokenKey(): Promise<void>
  /** From its next start on the API server signs tokens with the newest key. */
  signWithNewestTokenKey(): Promise<void>
  /** From its next start on the API server knows the newest key alone. */
  forgetOldTokenKeys(): Promise<void>
  /** Stops everything and removes its folder. */
  stop(): Promise<void>
}

/** The controllers that make pods and what pods need; the others would only cost time. */
const CONTROLLERS = [
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'daemonset-controller',
  'job-controller',
  'cronjob-controller',
  'namespace-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
  'root-ca-certificate-publisher-controller',
]

/** Records what webhooks say of pods that are created (their audit annotations), and nothing else. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'Metadata', verbs: ['create'], resources: [{ group: '', resources: ['pods'] }] },
    { level: 'None' },
  ],
}

const START_TIMEOUT_MS = 60_000

/** What a control plane is to be. */
export interface ControlPlaneOptions {
  /** Without them nobody makes pods of Deployments. */
  readonly hasControllers: boolean
  readonly issuer?: string
  /** Where its folder is made: that of temporary files where absent. */
  readonly parentFolder?: string
  /** Makes it one that real nodes can join; it has controllers then. */
  readonly nodes?: NodeSupport
}

/** Starts a control plane with an empty etcd. */
export async function startControlPlane(
  binaries: ControlPlaneBinaries,
  options: ControlPlaneOptions,
): Promise<ControlPlane> {
  const { issuer = ISSUER, parentFolder = tmpdir(), nodes } = options
  const folder = await mkdtemp(join(parentFolder, 'control-plane-'))
  const pathOf = (name: string) => join(folder, name)
  const [etcdPort = 0, etcdPeerPort = 0, apiServerPort = 0] = await findFreePorts(3)
  const etcdUrl = `http://127.0.0.1:${etcdPort}`
  const apiServerUrl = `https://127.0.0.1:${apiServerPort}`
  const authority = await createTestAuthority('control-plane')
  const names = ['127.0.0.1', 'kubernetes.default.svc', ...(nodes ? [nodes.apiServerAddress] : [])]
  const serving = await issueTestCertificate(authority, names)
  const adminToken = randomBytes(24).toString('hex')
  const connection: ControlPlaneConnection = {
    apiServerUrl,
    etcdUrl,
    caPem: authority.certificatePem,
    adminToken,
    adminKubeconfigPath: pathOf('admin.kubeconfig'),
    auditLogPath: pathOf('audit.log'),
    kubectlPath: binaries.kubectl,
    workFolder: pathOf('work'),
  }
  await mkdir(connection.workFolder)
  const files = {
    'ca.crt': authority.certificatePem,
    'apiserver.crt': serving.certificatePem,
    'apiserver.key': serving.privateKeyPem,
    'users.csv': [
      `${adminToken},admin,admin,system:masters\n`,
      ...(nodes ? [`${nodes.bootstrapToken},kubelet,kubelet,${BOOTSTRAP_GROUP}\n`] : []),
    ].join(''),
    'audit-policy.json': JSON.stringify(AUDIT_POLICY),
    'admin.kubeconfig': formatKubeconfig({
      url: apiServerUrl,
      caPem: authority.certificatePem,
      token: adminToken,
    }),
  }
  await Promise.all(
    Object.entries(files).map(([name, content]) => writeFile(pathOf(name), content, { mode: 0o600 })),
  )

  const tokenKeys = await createTokenKeys(folder)
  const daemons: Daemon[] = []
  const start = async (
    name: keyof ControlPlaneBinaries | 'kube-scheduler',
    flags: Readonly<Record<string, string>>,
    logName: string = name,
  ) => {
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
    const daemon = await startDaemon({
      name,
      command: name === 'kube-scheduler' ? (nodes?.schedulerPath ?? name) : binaries[name],
      args,
      logPath: pathOf(`${logName}.log`),
    })
    daemons.push(daemon)
    return daemon
  }
  const end = async (daemon: Daemon) => {
    daemons.splice(daemons.indexOf(daemon), 1)
    await daemon.stop()
  }

  const startApiServer = async (port = apiServerPort) => {
    const isFirst = port === apiServerPort
    const flags = {
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'secure-port': String(port),
      'etcd-servers': etcdUrl,
      'tls-cert-file': pathOf('apiserver.crt'),
      'tls-private-key-file': pathOf('apiserver.key'),
      'token-auth-file': pathOf('users.csv'),
      'authorization-mode': 'Node,RBAC',
      // As on real clusters: what kubelets may do is less than what RBAC says.
      'enable-admission-plugins': 'NodeRestriction',
      // A test can listen where a Service is: the API server calls webhooks there, by their Service's name.
      'service-cluster-ip-range': '127.90.0.0/24',
      'service-account-issuer': issuer,
      'service-account-signing-key-file': tokenKeys.signingKeyPath,
      'service-account-key-file': tokenKeys.verificationKeysPath,
      'api-audiences': issuer,
      'audit-policy-file': pathOf('audit-policy.json'),
      'audit-log-path': isFirst ? connection.auditLogPath : pathOf(`audit-${port}.log`),
      // A restart must not wait for the watches of the webhooks under test.
      'shutdown-send-retry-after': 'true',
      ...(nodes && listNodeApiServerFlags(nodes, pathOf('ca.crt'))),
    }
    const apiServer = await start('kube-apiserver', flags, isFirst ? undefined : `kube-apiserver-${port}`)
    const own = { ...connection, apiServerUrl: `https://127.0.0.1:${port}` }
    await waitForDaemon(apiServer, 'ready', () => askReadiness(own), START_TIMEOUT_MS)
    return apiServer
  }

  try {
    const etcd = await start('etcd', {
      'data-dir': pathOf('etcd'),
      'listen-client-urls': etcdUrl,
      'advertise-client-urls': etcdUrl,
      'listen-peer-urls': `http://127.0.0.1:${etcdPeerPort}`,
      'initial-advertise-peer-urls': `http://127.0.0.1:${etcdPeerPort}`,
      'initial-cluster': `default=http://127.0.0.1:${etcdPeerPort}`,
      // Nothing here outlives the run: without fsync creations take a fraction of the time on slow disks.
      'unsafe-no-fsync': 'true',
      'quota-backend-bytes': String(4 * 1024 ** 3),
      'log-level': 'warn',
    })
    await waitForDaemon(etcd, 'healthy', () => askHealth(etcdUrl), START_TIMEOUT_MS)
    let apiServer = await startApiServer()
    const controllers =
      options.hasControllers || nodes
        ? await start('kube-controller-manager', {
            kubeconfig: connection.adminKubeconfigPath,
            controllers: [...CONTROLLERS, ...(nodes ? NODE_CONTROLLERS : [])].join(','),
            'leader-elect': 'false',
            'secure-port': '0',
            'root-ca-file': pathOf('ca.crt'),
            ...(nodes && (await prepareSigning(folder, authority))),
          })
        : undefined
    if (controllers)
      await waitForDaemon(controllers, 'working', () => askDefaultAccount(connection), START_TIMEOUT_MS)
    if (nodes) {
      await start('kube-scheduler', {
        kubeconfig: connection.adminKubeconfigPath,
        'leader-elect': 'false',
        'secure-port': '0',
      })
      await allowBootstrap(connection)
    }
    // Comes after the daemons' own listeners, which end them: a run that is broken off leaves no folder either.
    const removeFolder = () => rmSync(folder, { recursive: true, force: true })
    process.once('exit', removeFolder)
    return {
      connection,
      addApiServer: async () => {
        const [port = 0] = await findFreePorts(1)
        await startApiServer(port)
        return `https://127.0.0.1:${port}`
      },
      stopApiServer: () => end(apiServer),
      startApiServer: async () => {
        apiServer = await startApiServer()
      },
      addTokenKey: tokenKeys.add,
      signWithNewestTokenKey: tokenKeys.signWithNewest,
      forgetOldTokenKeys: tokenKeys.forgetOld,
      stop: async () => {
        await stopAll(daemons, folder)
        process.off('exit', removeFolder)
      },
    }
  } catch (error) {
    await stopAll(daemons, folder)
    throw error
  }
}

/** The controllers go first and etcd last: none then waits for one that is gone. */
async function stopAll(daemons: Daemon[], folder: string): Promise<void> {
  for (const daemon of daemons.splice(0).reverse()) await daemon.stop()
  await rm(folder, { recursive: true, force: true })
}

async function askHealth(etcdUrl: string): Promise<true | undefined> {
  return fetch(`${etcdUrl}/health`).then(
    (response) => response.ok || undefined,
    () => undefined,
  )
}

async function askReadiness(connection: ControlPlaneConnection): Promise<true | undefined> {
  return askOnce(connection, async (client) => (await client.send('GET', '/readyz')).status === 200)
}

/** The serviceaccount controller has made the default ServiceAccount, without which no pod can be created. */
async function askDefaultAccount(connection: ControlPlaneConnection): Promise<true | undefined> {
  const path = '/api/v1/namespaces/default/serviceaccounts/default'
  return askOnce(connection, async (client) => (await client.send('GET', path)).status === 200)
}

async function allowBootstrap(connection: ControlPlaneConnection): Promise<void> {
  const client = createAdminClient(connection)
  try {
    for (const binding of BOOTSTRAP_BINDINGS)
      await client.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', binding)
  } finally {
    client.close()
  }
}

async function askOnce(
  connection: ControlPlaneConnection,
  ask: (client: ApiClient) => Promise<boolean>,
): Promise<true | undefined> {
  const client = createAdminClient(connection)
  try {
    return (await ask(client)) || undefined
  } catch {
    return undefined
  } finally {
    client.close()
  }
}

function createAdminClient({
  apiServerUrl: url,
  caPem,
  adminToken: token,
}: ControlPlaneConnection): ApiClient {
  return createApiClient({ url, caPem, token })
}
