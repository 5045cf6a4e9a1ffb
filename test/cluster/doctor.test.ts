import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import type { Status } from '../../src/webhook/status/status.ts'
import { readCodeBlocks } from '../docs/page-script.ts'
import { createTestAuthority } from './support/certificates.ts'
import { poll } from './support/daemon.ts'
import { type DoctorRun, runDoctor } from './support/doctor-run.ts'
import { formatKubeconfig } from './support/kubeconfig.ts'
import { startReplica, stopReplica } from './support/replica.ts'
import { findReachableAddress, writeReadiness, writeReplicaPod } from './support/replica-pods.ts'
import { openScene, type Scene } from './support/scene.ts'
import { roleArn, waitUntilCalled } from './support/webhook-registration.ts'

const NAMESPACE = 'eks'
const NAME = 'pod-identity-webhook'
const APPLICATIONS = 'applications'
const TIMEOUT_MS = 60_000
const REGISTRATION = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${NAME}`
const MERGE_PATCH = 'application/merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
const POLICIES = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`
const BUDGETS = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets`
/** The issuer of the tests' control plane is nowhere; what is asked of a published one is oidc verify's tests'. */
const OFFLINE = '--skip=issuer-published'

const address = findReachableAddress()
if (address === undefined)
  t.plan(0, 'this machine has no address but its loopback, to which API servers never go')
else {
  const scene = await openScene(t, ['--in-cluster=true', '--watch-config-map'])
  const { cluster, controlPlane } = scene
  const kubeconfig = `--kubeconfig=${cluster.connection.adminKubeconfigPath}`
  const examine = (...flags: readonly string[]) => runDoctor(kubeconfig, OFFLINE, ...flags)
  await cluster.createNamespace(APPLICATIONS)

  t.test('before anything is registered', async (t) => {
    const run = await examine()
    t.equal(run.exitCode, 1)
    t.strictSame(run.list('failed'), ['registered', 'replicas-ready'])
    t.match(run.find('registered').hint, /make cluster-up/)
    t.match(run.find('dry-run-pod'), { status: 'skipped', hint: /annotate one/ })
  })

  t.test('a sound installation has nothing wrong', async (t) => {
    await scene.installation.register()
    await waitUntilCalled(cluster, APPLICATIONS)
    for (const [index, replica] of scene.listReplicas().entries()) {
      const pod = { name: `${NAME}-${index}`, nodeName: `node-${index}`, address }
      await writeReplicaPod(cluster, NAMESPACE, replica, pod)
    }
    const run = await examine()
    t.strictSame(run.list('failed', 'warning', 'unread', 'skipped'), [], describe(run))
    t.equal(run.exitCode, 0)
    t.match(run.find('dry-run-pod').message, new RegExp(roleArn('registration-probe')))
    t.match(run.find('replicas-agree').message, /^version \d+\.\d+\.\d+$/)
    t.match(
      run.find('certificate-trusted').message,
      /^the caBundle signed what each replica serves, until 20/,
    )
  })

  t.test('an issuer that nobody can read', async (t) => {
    const run = await runDoctor(kubeconfig)
    t.strictSame(run.list('failed'), ['issuer-published'])
    t.match(run.find('issuer-published').message, /issuer\.test\.invalid/)
  })

  t.test('a ServiceAccount of your choice', async (t) => {
    const without = await examine(`--service-account=${APPLICATIONS}/default`)
    t.strictSame(without.list('failed'), ['dry-run-pod'])
    t.match(without.find('dry-run-pod').message, /applications\/default would start without credentials/)
    const absent = await examine(`--service-account=${APPLICATIONS}/nobody`)
    t.match(absent.find('dry-run-pod'), { status: 'failed', message: /is refused: .*nobody.* not found/ })
  })

  t.test('a caBundle that did not sign the certificate', async (t) => {
    // As long as they may, the replicas put it back.
    const restore = await takeRulesAway(scene, 'mutatingwebhookconfigurations')
    t.teardown(restore)
    const before = await readBundle(scene)
    const foreign = await createTestAuthority('somebody-else')
    await writeBundle(scene, Buffer.from(foreign.certificatePem).toString('base64'))
    const run = await waitFor(examine, (found) => found.find('dry-run-pod').status === 'failed')
    t.strictSame(run.list('failed'), ['permissions', 'certificate-trusted', 'dry-run-pod'], describe(run))
    t.match(run.find('permissions').message, /may not .*patch mutatingwebhookconfigurations/)
    t.match(run.find('certificate-trusted').message, /no certificate of the caBundle signed it/)
    // x509, or a reset, whichever side is first to end the handshake.
    t.match(run.find('dry-run-pod').message, /is refused: .*failed calling webhook/)

    await setFailurePolicy(scene, 'Ignore')
    const open = await waitFor(examine, (found) => found.find('fail-open').status === 'warning')
    t.match(open.find('fail-open').message, /admitted pods \d+ times without an answer/)
    t.match(open.find('dry-run-pod').message, /would start without credentials/)

    await writeBundle(scene, '')
    const empty = await examine()
    t.match(empty.find('registered'), { status: 'failed', message: /has no caBundle/ })
    await writeBundle(scene, before)
    await setFailurePolicy(scene, 'Fail')
    await waitFor(examine, (found) => found.find('dry-run-pod').status === 'ok')
  })

  t.test('a webhook that may not read ServiceAccounts', async (t) => {
    const restore = await takeRulesAway(scene, 'serviceaccounts')
    t.teardown(restore)
    const run = await waitFor(examine, (found) => found.find('permissions').status === 'failed')
    t.match(
      run.find('permissions').message,
      /eks\/pod-identity-webhook may not get serviceaccounts, list serviceaccounts/,
    )
  })

  t.test('a replica that waits, and one whose container does not start', async (t) => {
    t.teardown(() =>
      writeReadiness(cluster, NAMESPACE, `${NAME}-1`, { isReady: true, containerStatuses: [] }),
    )
    const containerStatuses = [
      {
        name: NAME,
        image: '',
        imageID: '',
        ready: false,
        restartCount: 3,
        state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling <image>' } },
      },
    ]
    await writeReadiness(cluster, NAMESPACE, `${NAME}-1`, { isReady: false, containerStatuses })
    const run = await examine()
    t.strictSame(run.list('failed'), ['replicas-ready'])
    t.match(
      run.find('replicas-ready').message,
      /^1 of 2 replicas are ready; pod pod-identity-webhook-1 is not ready: ImagePullBackOff: Back-off pulling <image>$/,
    )
  })

  t.test('a replica that may not list ServiceAccounts says so itself', async (t) => {
    const kubeconfigPath = await createUser(scene, 'not-the-webhook')
    const replica = await startReplica({
      folder: cluster.connection.workFolder,
      kubeconfigPath,
      flags: ['--in-cluster=true', '--shutdown-delay=0s'],
    })
    t.teardown(() => stopReplica(replica))
    const name = `${NAME}-waiting`
    await writeReplicaPod(cluster, NAMESPACE, replica, { name, nodeName: 'node-2', address })
    t.teardown(() => deletePod(scene, name))
    await writeReadiness(cluster, NAMESPACE, name, { isReady: false })
    const told = new RegExp(`${name} is not ready: accounts: ServiceAccounts have not been listed yet: .*403`)
    const run = await waitFor(examine, (found) => told.test(found.find('replicas-ready').message))
    t.match(run.find('replicas-ready').message, /certificate: /)
    t.match(run.find('certificate-trusted').message, `pod ${name} has no certificate yet`)
  })

  t.test('pods that a selector leaves out', async (t) => {
    const path = '/webhooks/0/namespaceSelector'
    const value = { matchLabels: { 'example.com/aws': 'yes' } }
    const patch = (operation: object) => cluster.client.send('PATCH', REGISTRATION, [operation], JSON_PATCH)
    await patch({ op: 'add', path, value })
    const run = await waitFor(examine, (found) => found.find('dry-run-pod').status === 'failed')
    t.strictSame(run.list('failed'), ['dry-run-pod'])
    t.match(run.find('dry-run-pod').hint, /selectors of the webhook configuration/)
    await patch({ op: 'add', path, value: {} })
    await waitFor(examine, (found) => found.find('dry-run-pod').status === 'ok')
  })

  t.test('replicas on one node, and a single one', async (t) => {
    const replica = findReplica(scene, 0)
    await deletePod(scene, `${NAME}-1`)
    const single = await examine()
    t.match(single.find('replicas-spread'), { status: 'warning', message: /one replica/ })
    t.equal(single.exitCode, 0, 'a warning is no failure')
    await writeReplicaPod(cluster, NAMESPACE, replica, { name: `${NAME}-1`, nodeName: 'node-0', address })
    t.match((await examine()).find('replicas-spread'), {
      status: 'warning',
      message: /all 2 replicas are on node node-0/,
    })
    await deletePod(scene, `${NAME}-1`)
    await writeReplicaPod(cluster, NAMESPACE, findReplica(scene, 1), {
      name: `${NAME}-1`,
      nodeName: 'node-1',
      address,
    })
  })

  t.test('replicas of different versions, that hear of nothing', async (t) => {
    const replica = findReplica(scene, 0)
    const status = (await (
      await fetch(`http://127.0.0.1:${replica.metricsPort}/status.json`)
    ).json()) as Status
    const older = {
      ...status,
      version: '0.0.1',
      watches: [{ resource: 'serviceaccounts', isConnected: false, ageSeconds: 900 }],
    }
    const server = createServer((_request, response) => response.end(JSON.stringify(older))).listen(0)
    t.teardown(() => server.close())
    const { port } = server.address() as AddressInfo
    const name = `${NAME}-old`
    await writeReplicaPod(
      cluster,
      NAMESPACE,
      { port, metricsPort: port },
      { name, nodeName: 'node-2', address },
    )
    t.teardown(() => deletePod(scene, name))
    const run = await examine()
    t.match(run.find('replicas-agree'), { status: 'warning', message: new RegExp(`${name} is 0.0.1`) })
    t.match(run.find('watches'), {
      status: 'failed',
      message: `${name} has not heard of serviceaccounts for 900 s`,
    })
  })

  t.test('PodDisruptionBudgets', async (t) => {
    const shipped = await cluster.client.get<{ spec: object }>(`${BUDGETS}/${NAME}`)
    t.teardown(() => cluster.client.send('DELETE', `${BUDGETS}/second`))
    await cluster.client.create(BUDGETS, { metadata: { name: 'second' }, spec: shipped.spec })
    t.match((await examine()).find('disruption-budget'), {
      status: 'warning',
      message: /^2 PodDisruptionBudgets/,
    })
    await cluster.client.send('DELETE', `${BUDGETS}/second`)
    await cluster.client.send('DELETE', `${BUDGETS}/${NAME}`)
    t.match((await examine()).find('disruption-budget'), {
      status: 'warning',
      message: /^no PodDisruptionBudget/,
    })
    await cluster.client.create(BUDGETS, { metadata: { name: NAME }, spec: shipped.spec })
  })

  t.test('NetworkPolicies', async (t) => {
    const https = [{ port: 'https' }]
    const host = '198.51.100.7'
    await cluster.client.create('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'kubernetes-elsewhere', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [host] }],
    })
    const cases = [
      { ingress: [], status: 'failed', message: /lets nobody in to the port https/ },
      { ingress: [{ ports: [{ port: 'metrics' }] }], status: 'failed', message: /lets nobody in/ },
      {
        ingress: [{ ports: https, from: [{ podSelector: {} }] }],
        status: 'warning',
        message: /not among them/,
      },
      {
        ingress: [{ ports: https, from: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }],
        status: 'warning',
        message: new RegExp(host),
      },
      {
        ingress: [{ ports: https, from: [{ ipBlock: { cidr: '198.51.100.0/24' } }] }],
        status: 'ok',
        message: /lets the API servers in/,
      },
      { ingress: [{}], status: 'ok', message: /lets everybody in/ },
    ]
    const shipped = await cluster.client.get<{ spec: object }>(`${POLICIES}/${NAME}`)
    t.teardown(() => cluster.client.send('PATCH', `${POLICIES}/${NAME}`, { spec: shipped.spec }, MERGE_PATCH))
    for (const { ingress, status, message } of cases) {
      await cluster.client.send('PATCH', `${POLICIES}/${NAME}`, { spec: { ingress } }, MERGE_PATCH)
      t.match((await examine()).find('network-policy'), { status, message }, JSON.stringify(ingress))
    }
  })

  t.test('the permissions of the guide are enough, and without them it says which are missing', async (t) => {
    const powerless = await createUser(scene, 'powerless')
    const run = await runDoctor(`--kubeconfig=${powerless}`, OFFLINE, '--namespace=eks')
    t.equal(run.exitCode, 2)
    t.strictSame(run.list('failed', 'ok'), ['kubernetes-version'])
    t.match(
      run.find('registered').message,
      'you may not list mutatingwebhookconfigurations.admissionregistration.k8s.io',
    )
    t.match(run.find('dry-run-pod').message, 'you may not list serviceaccounts')
    t.match(run.find('registered').hint, /docs\/doctor.md/)

    const [role] = (await readCodeBlocks('docs/doctor.md')).filter(({ language }) => language === 'yaml')
    const clusterRole = parse(role?.code ?? '')
    const complete = await createUser(scene, 'complete', clusterRole)
    const allowed = await runDoctor(`--kubeconfig=${complete}`, OFFLINE)
    t.strictSame(allowed.list('failed', 'unread', 'skipped'), [], describe(allowed))
    for (const [index, { resources = [], nonResourceURLs }] of clusterRole.rules.entries()) {
      // API servers let everybody in by name alone where policies say so; replicas that can be reached are asked directly.
      if (['endpointslices', 'pods/proxy'].includes(resources[0])) continue
      const rules = clusterRole.rules.filter((_: unknown, other: number) => other !== index)
      const lacking = await createUser(scene, `lacking-${index}`, { ...clusterRole, rules })
      const flags = nonResourceURLs ? [] : [OFFLINE]
      const found = await runDoctor(`--kubeconfig=${lacking}`, ...flags)
      const told = found.checks.filter(({ status }) => ['unread', 'skipped'].includes(status))
      t.match(told[0]?.message, /you may not|cannot be read/, `without ${resources[0] ?? nonResourceURLs}`)
    }
  })

  t.test('an API server that is away', async (t) => {
    await controlPlane.stopApiServer()
    const run = await examine()
    t.equal(run.exitCode, 2)
    t.strictSame(run.list('ok', 'failed', 'warning'), [])
    t.match(run.find('kubernetes-version'), { status: 'unread', message: /ECONNREFUSED|refused/ })
    await controlPlane.startApiServer()
  })
}

function findReplica(scene: Scene, index: number) {
  const replica = scene.listReplicas()[index]
  if (replica === undefined) throw new Error(`there is no replica ${index}`)
  return replica
}

function describe(run: DoctorRun): string {
  return run.checks.map(({ id, status, message }) => `${status} ${id} ${message}`).join('\n')
}

async function waitFor(
  ask: () => Promise<DoctorRun>,
  isThere: (run: DoctorRun) => boolean,
): Promise<DoctorRun> {
  let last: DoctorRun | undefined
  const found = await poll(async () => {
    last = await ask()
    return isThere(last) ? last : undefined
  }, TIMEOUT_MS)
  if (found === undefined) throw new Error(last === undefined ? 'doctor did not end' : describe(last))
  return found
}

async function readBundle({ cluster }: Scene): Promise<string> {
  const { webhooks } = await cluster.client.get<{ webhooks: { clientConfig: { caBundle: string } }[] }>(
    REGISTRATION,
  )
  return webhooks[0]?.clientConfig.caBundle ?? ''
}

async function writeBundle({ cluster }: Scene, value: string): Promise<void> {
  const path = '/webhooks/0/clientConfig/caBundle'
  const operation = value === '' ? { op: 'remove', path } : { op: 'add', path, value }
  await cluster.client.send('PATCH', REGISTRATION, [operation], JSON_PATCH)
}

async function setFailurePolicy({ cluster }: Scene, value: 'Fail' | 'Ignore'): Promise<void> {
  await cluster.client.send(
    'PATCH',
    REGISTRATION,
    [{ op: 'replace', path: '/webhooks/0/failurePolicy', value }],
    JSON_PATCH,
  )
}

/** Takes the rules of a resource out of the webhook's own ClusterRoles; gives what puts them back. */
async function takeRulesAway({ cluster }: Scene, resource: string): Promise<() => Promise<void>> {
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
  const { items } = await cluster.client.get<{
    items: { metadata: { name: string }; rules: { resources?: string[] }[] }[]
  }>(`${roles}?labelSelector=app.kubernetes.io%2Fname%3D${NAME}`)
  const touched = items.filter(({ rules }) => rules.some(({ resources }) => resources?.includes(resource)))
  const write = async (name: string, rules: readonly object[]) => {
    await cluster.client.send('PATCH', `${roles}/${name}`, { rules }, MERGE_PATCH)
  }
  for (const { metadata, rules } of touched)
    await write(
      metadata.name,
      rules.filter(({ resources }) => !resources?.includes(resource)),
    )
  return async () => {
    for (const { metadata, rules } of touched) await write(metadata.name, rules)
  }
}

async function deletePod({ cluster }: Scene, name: string): Promise<void> {
  await cluster.client.send('DELETE', `/api/v1/namespaces/${NAMESPACE}/pods/${name}?gracePeriodSeconds=0`)
}

/** A ServiceAccount with this ClusterRole, or none; gives the path of its kubeconfig. */
async function createUser({ cluster }: Scene, name: string, clusterRole?: Readonly<Record<string, unknown>>) {
  const { client, connection } = cluster
  const accounts = `/api/v1/namespaces/${APPLICATIONS}/serviceaccounts`
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  await client.create(accounts, { metadata: { name } })
  if (clusterRole !== undefined) {
    await client.create(`${rbac}/clusterroles`, { ...clusterRole, metadata: { name } })
    await client.create(`${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: APPLICATIONS }],
    })
  }
  const { status } = await client.create<{ status: { token: string } }>(`${accounts}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3600 },
  })
  const path = join(connection.workFolder, `${name}.kubeconfig`)
  const { apiServerUrl: url, caPem } = connection
  await writeFile(path, formatKubeconfig({ url, caPem, token: status.token }), { mode: 0o600 })
  return path
}
