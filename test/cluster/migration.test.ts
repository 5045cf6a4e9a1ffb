import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { hasGo } from '../support/go-build.ts'
import { openHelm } from '../support/helm.ts'
import {
  addCertManagerKinds,
  findCertManagerDefinitions,
  removeCertManagerKinds,
} from './support/cert-manager.ts'
import { useCluster } from './support/cluster.ts'
import { runMake } from './support/make-command.ts'
import { readCommands, startMigration } from './support/migration.ts'
import { type OldInstallation, startOldWebhook } from './support/old-webhook.ts'
import { describePod, roleArn } from './support/webhook-registration.ts'

const PAGE = 'docs/migration.md'
const BUILD_TIMEOUT_MS = 900_000
/** Only the ConfigMap tells of its role. */
const MAPPED = 'mapped'

const isRoot = process.getuid?.() === 0
const skip = !isRoot
  ? 'to listen on the port of a Service takes root'
  : !hasGo() && 'Go, which brings cert-manager and helm, is not installed'

t.setTimeout(BUILD_TIMEOUT_MS)
const cluster = await useCluster(t)

t.test(
  "from kOps's add-on: no pod is missed, mappings stay, and what is left is named",
  { skip },
  async (t) => {
    await addCertManagerKinds(cluster, (await findCertManagerDefinitions()) ?? [])
    t.teardown(() => removeCertManagerKinds(cluster))
    const podNamespace = 'from-kops'
    await preparePods(t, podNamespace)
    const flags = [
      '--token-audience=amazonaws.com',
      '--sts-regional-endpoint',
      '--aws-default-region=eu-central-1',
    ]
    const addon: OldInstallation = {
      namespace: 'kube-system',
      name: 'pod-identity-webhook',
      servicePort: 443,
      failurePolicy: 'Fail',
      flags,
      roles: { [`${podNamespace}/${MAPPED}`]: { RoleARN: roleArn(MAPPED), Audience: 'amazonaws.com' } },
      annotations: { 'cert-manager.io/inject-ca-from': 'kube-system/pod-identity-webhook' },
    }
    await startOldWebhook(t, cluster, addon)
    await createSecret(`${addon.name}-cert`)
    const before = await describeMappedPod(podNamespace)

    const [copy = '', deploy = '', remove = ''] = await readCommands(PAGE, "From kOps's add-on")
    const migration = await startMigration(t, cluster, { podNamespace })
    await migration.runShell(copy)
    await migration.deploy(deploy, flags)
    const registration = await cluster.client.get(configuration('pod-identity-webhook'))
    t.match(registration, { webhooks: [{ clientConfig: { service: { namespace: 'eks' } } }] })
    t.notMatch(JSON.stringify(registration), 'inject-ca-from', 'cert-manager leaves the new one alone')
    t.match(await cluster.client.get(configuration('pod-identity-webhook-kops')), {
      metadata: { annotations: addon.annotations },
      webhooks: [{ failurePolicy: 'Fail', clientConfig: { service: { namespace: 'kube-system' } } }],
    })
    await migration.waitForPods()
    await migration.runShell(remove)
    await migration.waitForPods()
    await migration.end()

    t.strictSame(await describeMappedPod(podNamespace), before, 'a pod gets what it got from the add-on')
    t.strictSame(await listLeft(addon.name), ['service/webhook-of-somebody-else'])
    await cluster.kubectl(['delete', 'namespace', podNamespace])
    t.match(await runMake(cluster, 'cluster-down', {}), { exitCode: 0, stderr: '' })
    await cluster.kubectl(['delete', 'namespace', 'eks'])
  },
)

t.test('from the community chart: no pod is missed, and nothing is left', { skip }, async (t) => {
  const podNamespace = 'from-chart'
  await preparePods(t, podNamespace)
  const { adminKubeconfigPath } = cluster.connection
  const helm = await openHelm(t.testdir(), (line) => t.comment(line), adminKubeconfigPath)
  const flags = ['--sts-regional-endpoint', '--aws-default-region=us-east-1']
  const old: OldInstallation = {
    namespace: 'kube-system',
    name: 'amazon-eks-pod-identity-webhook',
    servicePort: 8443,
    failurePolicy: 'Fail',
    flags,
    roles: { [`${podNamespace}/${MAPPED}`]: { RoleARN: roleArn(MAPPED) } },
  }
  await startOldWebhook(t, cluster, old, async (objects) => {
    const chartFolder = join(t.testdir(), old.name)
    await mkdir(join(chartFolder, 'templates'), { recursive: true })
    await writeFile(join(chartFolder, 'Chart.yaml'), `apiVersion: v2\nname: ${old.name}\nversion: 2.6.5\n`)
    const text = objects.map((object) => JSON.stringify(object)).join('\n---\n')
    await writeFile(join(chartFolder, 'templates', 'objects.yaml'), text)
    const install = ['install', old.name, chartFolder, `--namespace=${old.namespace}`]
    const { exitCode, stderr } = await helm.run(install)
    if (exitCode !== 0) throw new Error(stderr)
  })
  await createSecret(`${old.name}-cert`)
  const before = await describeMappedPod(podNamespace)

  const [copy = '', deploy = '', remove = ''] = await readCommands(PAGE, 'From the community chart')
  const valuesPath = join(t.testdir(), 'values.prod.yaml')
  await writeFile(valuesPath, JSON.stringify({ image: { tag: '1.2.3' }, extraArgs: flags }))
  const programs = { helm: helm.path }
  const migration = await startMigration(t, cluster, { podNamespace, programs })
  await migration.runShell(copy)
  await migration.deploy(deploy.replace('values.prod.yaml', valuesPath), flags)
  await migration.waitForPods()
  await migration.runShell(remove)
  await migration.waitForPods()
  await migration.end()

  t.strictSame(await describeMappedPod(podNamespace), before, 'a pod gets what it got from the other chart')
  t.strictSame(await listLeft(old.name), ['service/webhook-of-somebody-else'])
  t.equal((await cluster.client.send('GET', configuration(old.name))).status, 404)
  await cluster.kubectl(['delete', 'namespace', podNamespace])
  t.match(await helm.run(['uninstall', 'pod-identity-webhook', '--namespace=eks']), { exitCode: 0 })
  await cluster.kubectl(['delete', 'namespace', 'eks'])
})

function configuration(name: string): string {
  return `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${name}`
}

/** The namespace of the pods, and a Service beside the old webhook that no guide may take away. */
async function preparePods(t: Test, namespace: string): Promise<void> {
  await cluster.createNamespace(namespace)
  await cluster.client.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
    metadata: { name: MAPPED },
  })
  const other = 'webhook-of-somebody-else'
  const services = '/api/v1/namespaces/kube-system/services'
  await cluster.client.create(services, { metadata: { name: other }, spec: { ports: [{ port: 443 }] } })
  t.teardown(() => cluster.kubectl(['delete', '--namespace=kube-system', `service/${other}`]))
}

/** As cert-manager does. */
async function createSecret(name: string): Promise<void> {
  await cluster.client.create('/api/v1/namespaces/kube-system/secrets', { metadata: { name } })
}

/** What a pod of the mapped ServiceAccount is given, as the API server would store it. */
async function describeMappedPod(namespace: string): Promise<unknown> {
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
  const { body } = await cluster.client.send('POST', path, describePod('asked', MAPPED))
  const { spec } = body as { spec: { containers: { env: unknown }[]; volumes: { name: string }[] } }
  const volumes = spec.volumes.filter(({ name }) => !name.startsWith('kube-api-access-'))
  return { env: spec.containers.map(({ env }) => env), volumes }
}

/** What the old namespace holds of a webhook. */
async function listLeft(name: string): Promise<readonly string[]> {
  const kinds =
    'deployments,services,serviceaccounts,roles,rolebindings,configmaps,secrets,poddisruptionbudgets'
  const { stdout } = await cluster.kubectl(['get', kinds, '--namespace=kube-system', '--output=name'])
  return stdout.split('\n').filter((line) => line.includes(name) || line.includes('webhook'))
}
