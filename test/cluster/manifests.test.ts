import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type {
  V1Deployment,
  V1MutatingWebhookConfiguration,
  V1PodList,
  V1Secret,
} from '@kubernetes/client-node'
import t from 'tap'
import { CERTIFICATE_MODES, type CertificateMode } from '../../scripts/cluster/cluster-options.ts'
import { createKubectl } from '../../scripts/cluster/kubectl.ts'
import { keyOf, type Manifest, toList } from '../../scripts/cluster/manifest.ts'
import { listComponents, renderManifests } from '../../scripts/cluster/rendered-manifests.ts'
import {
  addCertManagerKinds,
  findCertManagerDefinitions,
  removeCertManagerKinds,
} from './support/cert-manager.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'

const NAMESPACE = 'manifests'
const DEPLOY_FOLDER = fileURLToPath(new URL('../../deploy', import.meta.url))
const CONFIGURATION =
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pod-identity-webhook'
const APPLY = ['apply', '--server-side', '--validate=strict', '--filename=-']
const OWN_PODS = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io%2Fname%3Dpod-identity-webhook`
const POD_TIMEOUT_MS = 20_000

const cluster = await useCluster(t)
const kubectl = createKubectl(cluster.connection.kubectlPath)
const definitions = await findCertManagerDefinitions()
const admission = await cluster.client.get<{ readonly resources: readonly { readonly kind: string }[] }>(
  '/apis/admissionregistration.k8s.io/v1',
)
const hasPolicies = admission.resources.some(({ kind }) => kind === 'MutatingAdmissionPolicy')
const components = (await listComponents()).filter((name) => name !== 'policy' || hasPolicies)
const modes = CERTIFICATE_MODES.filter((mode) => mode !== 'cert-manager' || definitions !== undefined)
if (definitions === undefined)
  t.comment('without Go there are no CRDs of cert-manager: its overlay is left out')

const rendered = new Map<string, Promise<readonly Manifest[]>>()

await cluster.createNamespace(NAMESPACE)
// Its pods are as Kubernetes' strictest standard asks.
await run(['label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted'])
if (definitions) await addCertManagerKinds(cluster, definitions)
const removeAll = async () => {
  const all = await Promise.all(modes.map((mode) => render(mode, components)))
  const objects = new Map(all.flat().map((manifest) => [keyOf(manifest), manifest]))
  await run(['delete', '--ignore-not-found', '--filename=-'], [...objects.values()])
}
t.teardown(async () => {
  await removeAll()
  if (definitions) await removeCertManagerKinds(cluster)
})

for (const mode of modes) {
  t.test(`the API server takes ${mode} with any components`, async (t) => {
    const choices = [[], ...components.map((name) => [name]), components]
    const check = async (chosen: readonly string[]) => {
      const { stderr } = await run([...APPLY, '--dry-run=server'], await render(mode, chosen))
      t.equal(stderr, '', `no warning about ${chosen.join(', ') || 'no components'}`)
    }
    await Promise.all(choices.map(check))
  })
}

for (const mode of modes) {
  t.test(`${mode} with all components: applying again changes nothing`, async (t) => {
    const manifests = await render(mode, components)
    await run(APPLY, manifests)
    const versions = await listVersions(manifests)
    await run(APPLY, manifests)
    t.strictSame(await listVersions(manifests), versions)
  })

  t.test(`${mode} with all components: its own pods need no webhook`, async (t) => {
    await run(['label', 'namespace', NAMESPACE, 'eks.amazonaws.com/pod-identity-required=true'])
    await run(['delete', 'deployment', '--namespace', NAMESPACE, 'pod-identity-webhook'])
    await run(APPLY, await render(mode, components))
    const pods = await poll(async () => {
      const { items } = await cluster.client.get<V1PodList>(OWN_PODS)
      return items.length === 2 ? items : undefined
    }, POD_TIMEOUT_MS)
    t.equal(pods?.length, 2, 'nobody answers at the Service, and yet there are pods')
    await run(['label', 'namespace', NAMESPACE, 'eks.amazonaws.com/pod-identity-required-'])
  })
}

for (const [how, args] of [
  ['server-side', [...APPLY, '--force-conflicts']],
  ['client-side', ['apply', '--validate=strict', '--filename=-']],
] as const) {
  t.test(`${how} apply never empties what the webhook has filled in`, async (t) => {
    await removeAll()
    const manifests = await render('self-managed', components)
    await run(args, manifests)
    const configuration = await cluster.client.get<V1MutatingWebhookConfiguration>(CONFIGURATION)
    const patch = configuration.webhooks?.map((_, index) => ({
      op: 'add',
      path: `/webhooks/${index}/clientConfig/caBundle`,
      value: Buffer.from(cluster.connection.caPem).toString('base64'),
    }))
    const asWebhook = '--field-manager=pod-identity-webhook'
    await run([
      'patch',
      'mutatingwebhookconfiguration',
      'pod-identity-webhook',
      '--type=json',
      asWebhook,
      `--patch=${JSON.stringify(patch)}`,
    ])
    await run([
      'patch',
      'secret',
      '--namespace',
      NAMESPACE,
      'pod-identity-webhook',
      asWebhook,
      '--patch={"data":{"tls.key":"a2V5"}}',
    ])

    await run(args, manifests)

    const { webhooks } = await cluster.client.get<V1MutatingWebhookConfiguration>(CONFIGURATION)
    t.equal(webhooks?.length, 4)
    t.ok(webhooks?.every(({ clientConfig }) => clientConfig.caBundle))
    const secret = await cluster.client.get<V1Secret>(
      `/api/v1/namespaces/${NAMESPACE}/secrets/pod-identity-webhook`,
    )
    t.strictSame(secret.data, { 'tls.key': 'a2V5' })
  })
}

t.test(
  'the overlay for the other certificates can take the place of one',
  { skip: modes.length < 2 },
  async (t) => {
    await removeAll()
    for (const mode of ['cert-manager', 'self-managed', 'cert-manager'] as const) {
      await run([...APPLY, '--force-conflicts'], await render(mode, []))
      const deployment = await cluster.client.get<V1Deployment>(
        `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/pod-identity-webhook`,
      )
      const spec = deployment.spec?.template.spec
      t.equal(spec?.volumes?.length ?? 0, mode === 'cert-manager' ? 1 : 0)
      t.ok(spec?.containers[0]?.args?.includes(`--in-cluster=${mode === 'self-managed'}`))
    }
  },
)

t.test("a kustomization of one's own, applied with kubectl apply -k", async (t) => {
  const folder = join(cluster.connection.workFolder, 'kustomization')
  await mkdir(folder, { recursive: true })
  const pathOf = (name: string) => relative(folder, join(DEPLOY_FOLDER, name))
  const kustomization = {
    namespace: NAMESPACE,
    resources: [pathOf('overlays/self-managed')],
    components: [pathOf('components/verify-credentials'), pathOf('components/required')],
    images: [{ name: 'pod-identity-webhook', newName: 'registry.test.invalid/webhook', newTag: '1.2.3' }],
  }
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
  const { stdout } = await run([
    'apply',
    '--server-side',
    '--dry-run=server',
    '--force-conflicts',
    '--kustomize',
    folder,
  ])
  t.match(stdout, /^validatingadmissionpolicybinding\.\S+ serverside-applied/m)
})

/** kubectl as the cluster's administrator; anything but success fails the test. */
async function run(args: readonly string[], manifests?: readonly Manifest[]) {
  const result = await cluster.kubectl(args, manifests && toList(manifests))
  if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`)
  return result
}

/** The namespace is the test's; the kinds of the Prometheus operator are not installed here. */
async function render(certificateMode: CertificateMode, chosen: readonly string[]) {
  const key = `${certificateMode} ${chosen.join()}`
  const rendering = rendered.get(key) ?? renderAnew(certificateMode, chosen)
  rendered.set(key, rendering)
  return rendering
}

async function renderAnew(certificateMode: CertificateMode, chosen: readonly string[]) {
  const manifests = await renderManifests(kubectl, {
    namespace: NAMESPACE,
    certificateMode,
    components: chosen,
  })
  return manifests.filter(
    ({ kind, apiVersion }) => kind !== 'Namespace' && !apiVersion.startsWith('monitoring.coreos.com/'),
  )
}

/** The Deployment is left out: its controller writes the status. */
async function listVersions(manifests: readonly Manifest[]): Promise<string> {
  const { stdout } = await run(
    [
      'get',
      '--filename=-',
      '--output=jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}',
    ],
    manifests.filter(({ kind }) => kind !== 'Deployment' && kind !== 'PodDisruptionBudget'),
  )
  return stdout
}
