import type { V1Deployment, V1MutatingWebhookConfiguration, V1Secret } from '@kubernetes/client-node'
import t from 'tap'
import { createKubectl } from '../../scripts/cluster/kubectl.ts'
import { type Manifest, toList } from '../../scripts/cluster/manifest.ts'
import { renderManifests } from '../../scripts/cluster/rendered-manifests.ts'
import { EVERYTHING, valuesOf } from '../support/chart-values.ts'
import { hasGo } from '../support/go-build.ts'
import { type ChartValues, openHelm } from '../support/helm.ts'
import {
  addCertManagerKinds,
  findCertManagerDefinitions,
  removeCertManagerKinds,
} from './support/cert-manager.ts'
import { useCluster } from './support/cluster.ts'

const BUILD_TIMEOUT_MS = 900_000
const NAMESPACE = 'chart'
const NAME = 'pod-identity-webhook'
const CONFIGURATION = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${NAME}`
const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/${NAME}`
const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${NAME}`
const OWN_KINDS =
  'clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingadmissionpolicies,serviceaccounts,roles,rolebindings,secrets,configmaps,services,deployments,poddisruptionbudgets,networkpolicies'
const KEY_OF_CA = { 'tls.key': 'a2V5' }
/** All but what needs the Prometheus Operator's kinds. */
const COMPONENTS = ['required', 'verify-credentials', 'container-credentials', 'oidc-sync']

t.setTimeout(BUILD_TIMEOUT_MS)
if (!hasGo()) t.plan(0, 'Go, which builds helm, is not installed')
else {
  const cluster = await useCluster(t)
  const { adminKubeconfigPath, kubectlPath, caPem } = cluster.connection
  const helm = await openHelm(t.testdir(), (line) => t.comment(line), adminKubeconfigPath)
  await cluster.createNamespace(NAMESPACE)
  // Its pods are as Kubernetes' strictest standard asks.
  await runKubectl(['label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted'])

  // Of the host's network the namespace's level warns, and should.
  t.test('the API server takes what is rendered, without a warning', async (t) => {
    const definitions = (await findCertManagerDefinitions()) ?? []
    await addCertManagerKinds(cluster, definitions)
    t.teardown(() => removeCertManagerKinds(cluster))
    for (const values of [{}, valuesOf('cert-manager', COMPONENTS), { ...EVERYTHING, hostNetwork: false }]) {
      const manifests = (await helm.render(values, NAMESPACE)).filter(
        ({ apiVersion }) => !apiVersion.startsWith('monitoring.coreos.com/'),
      )
      const apply = ['apply', '--server-side', '--validate=strict', '--dry-run=server', '--filename=-']
      const { stdout, stderr } = await runKubectl(apply, manifests)
      t.equal(stderr, '')
      t.equal(stdout.trim().split('\n').length, manifests.length)
    }
  })

  // Helm 4 applies server-side; Helm 3, and Helm 4 for what 3 installed, merges three ways.
  for (const mode of ['--server-side=true', '--server-side=false']) {
    t.test(`${mode}: install, upgrade and uninstall`, async (t) => {
      await runHelm(['install', NAME, `--namespace=${NAMESPACE}`, mode], valuesOf('self-managed', COMPONENTS))
      await fillIn()

      const more = {
        ...valuesOf('self-managed', COMPONENTS),
        extraArgs: ['--token-expiration=3600'],
        replicas: 3,
      }
      await runHelm(['upgrade', NAME, `--namespace=${NAMESPACE}`, mode], more)
      t.strictSame((await cluster.client.get<V1Secret>(SECRET)).data, KEY_OF_CA, 'the CA is still there')
      const { webhooks } = await cluster.client.get<V1MutatingWebhookConfiguration>(CONFIGURATION)
      t.equal(webhooks?.length, 3)
      t.ok(webhooks?.every(({ clientConfig }) => clientConfig.caBundle))
      const { spec } = await cluster.client.get<V1Deployment>(DEPLOYMENT)
      t.match(spec, { replicas: 3 })
      t.ok(spec?.template.spec?.containers[0]?.args?.includes('--token-expiration=3600'))

      await runHelm(['upgrade', NAME, `--namespace=${NAMESPACE}`, '--reset-values', mode], {})
      const left = await cluster.client.get<V1MutatingWebhookConfiguration>(CONFIGURATION)
      t.equal(left.webhooks?.length, 1)
      t.ok(left.webhooks?.[0]?.clientConfig.caBundle, 'also where an entry went')

      t.match(await helm.run(['rollback', NAME, '2', `--namespace=${NAMESPACE}`]), { exitCode: 0 })
      t.strictSame(
        (await cluster.client.get<V1Secret>(SECRET)).data,
        KEY_OF_CA,
        'nor does a rollback empty it',
      )

      const { exitCode, stderr } = await helm.run(['uninstall', NAME, `--namespace=${NAMESPACE}`])
      t.equal(exitCode, 0, stderr)
      t.equal(await listOwn(), '', 'the CA goes too: nothing trusts it any more')
    })
  }

  t.test('certificates can come from elsewhere after an upgrade, and be its own again', async (t) => {
    await runHelm(['install', NAME, `--namespace=${NAMESPACE}`], {})
    await fillIn()
    const secret = {
      certificates: { mode: 'secret', secretName: 'serving', caBundle: caPem.replace(/\s+$/, '\n\n') },
    }
    const upgrade = ['upgrade', NAME, `--namespace=${NAMESPACE}`]
    const refused = await helm.runWithChart(upgrade, secret)
    t.match(
      refused,
      { exitCode: 1, stderr: /conflict with "pod-identity-webhook".*caBundle/s },
      'the webhook keeps it',
    )
    await runHelm([...upgrade, '--force-conflicts'], secret)
    const caBundle = Buffer.from(secret.certificates.caBundle).toString('base64')
    t.match(await cluster.client.get(CONFIGURATION), { webhooks: [{ clientConfig: { caBundle } }] })
    t.equal((await cluster.client.send('GET', SECRET)).status, 404, 'a CA that nobody uses is gone')
    await runHelm([...upgrade, '--reset-values'], {})
    t.match(await cluster.client.get(SECRET), { kind: 'Secret', data: undefined })
    t.match(await helm.run(['uninstall', NAME, `--namespace=${NAMESPACE}`]), { exitCode: 0 })
  })

  t.test('takes over what kustomize made, and keeps its CA', async (t) => {
    const options = { namespace: NAMESPACE, certificateMode: 'self-managed', components: [] } as const
    const manifests = await renderManifests(createKubectl(kubectlPath), options)
    const own = manifests.filter(({ kind }) => kind !== 'Namespace')
    await runKubectl(['apply', '--server-side', '--filename=-'], own)
    await fillIn()
    const { metadata } = await cluster.client.get<V1Deployment>(DEPLOYMENT)
    const takeOver = ['--take-ownership', '--force-conflicts']
    await runHelm(['install', NAME, `--namespace=${NAMESPACE}`, ...takeOver], { image: { tag: '1.2.3' } })
    t.strictSame((await cluster.client.get<V1Secret>(SECRET)).data, KEY_OF_CA)
    const { webhooks } = await cluster.client.get<V1MutatingWebhookConfiguration>(CONFIGURATION)
    t.ok(webhooks?.[0]?.clientConfig.caBundle)
    const taken = await cluster.client.get<V1Deployment>(DEPLOYMENT)
    t.equal(taken.metadata?.uid, metadata?.uid, 'the Deployment is the same one')
    t.match(taken.spec?.template.spec?.containers, [{ image: `${NAME}:1.2.3` }])
    t.match(await helm.run(['uninstall', NAME, `--namespace=${NAMESPACE}`]), { exitCode: 0 })
    t.equal(await listOwn(), '')
  })

  /** As the webhook itself does. */
  async function fillIn(): Promise<void> {
    const { webhooks = [] } = await cluster.client.get<V1MutatingWebhookConfiguration>(CONFIGURATION)
    const patch = webhooks.map((_, index) => ({
      op: 'add',
      path: `/webhooks/${index}/clientConfig/caBundle`,
      value: Buffer.from(caPem).toString('base64'),
    }))
    const asWebhook = `--field-manager=${NAME}`
    const patchJson = ['--type=json', `--patch=${JSON.stringify(patch)}`]
    await runKubectl(['patch', 'mutatingwebhookconfiguration', NAME, asWebhook, ...patchJson])
    const patchMerge = `--patch=${JSON.stringify({ data: KEY_OF_CA })}`
    await runKubectl(['patch', 'secret', `--namespace=${NAMESPACE}`, NAME, asWebhook, patchMerge])
  }

  async function listOwn(): Promise<string> {
    const selector = `--selector=app.kubernetes.io/name=${NAME}`
    const args = ['get', OWN_KINDS, '--all-namespaces', selector, '--output=name']
    return (await runKubectl(args)).stdout
  }

  async function runHelm(command: readonly string[], values: ChartValues): Promise<void> {
    const { exitCode, stderr } = await helm.runWithChart(command, values)
    if (exitCode !== 0) throw new Error(`helm ${command.join(' ')}: ${stderr}`)
  }

  async function runKubectl(args: readonly string[], manifests?: readonly Manifest[]) {
    const result = await cluster.kubectl(args, manifests && toList(manifests))
    if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`)
    return result
  }
}
