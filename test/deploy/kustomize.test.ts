import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { CERTIFICATE_MODES, type CertificateMode } from '../../scripts/cluster/cluster-options.ts'
import type { Manifest } from '../../scripts/cluster/manifest.ts'
import { listComponents } from '../../scripts/cluster/rendered-manifests.ts'
import { copyDeploy, findContainer, findKind, kubectl, NAMESPACE, render, skip } from './rendered-deploy.ts'

const components = await listComponents()
const COMPONENT_CHOICES = [[], ...components.map((name) => [name]), components]

const CLUSTER_KINDS = [
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]

for (const certificateMode of CERTIFICATE_MODES) {
  for (const chosen of COMPONENT_CHOICES) {
    const title = `${certificateMode} with ${chosen.join(', ') || 'no component'}`
    t.test(
      `${title}: all in the wanted namespace, and nothing that is filled in later`,
      { skip },
      async (t) => {
        const manifests = await render({ certificateMode, components: chosen, namespace: NAMESPACE })
        checkNamespace(t, manifests, certificateMode)
        t.notMatch(JSON.stringify(manifests), /"caBundle"/)
        t.notOk(manifests.some((manifest) => manifest.kind === 'Secret' && 'data' in manifest))
      },
    )
  }

  t.test(`${certificateMode}: the program has every flag`, { skip }, async (t) => {
    const { args } = findContainer(await render({ certificateMode, components }))
    const flags = args.map((arg) => arg.replace('$(NAMESPACE)', 'eks'))
    t.ok(flags.includes(`--in-cluster=${certificateMode === 'self-managed'}`))
    const command = ['src/bin/pod-identity-webhook.ts', ...flags, '--help']
    const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
    t.equal(status, 0, stderr)
  })
}

t.test('kustomize alone changes the namespace: in the overlay itself', { skip }, async (t) => {
  for (const certificateMode of CERTIFICATE_MODES) {
    const folder = await copyDeploy(t)
    const path = join(folder, 'overlays', certificateMode, 'kustomization.yaml')
    const overlay = parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify({ ...overlay, namespace: NAMESPACE }))
    checkNamespace(t, await buildFolder(join(folder, 'overlays', certificateMode)), certificateMode)
  }
})

t.test('kustomize alone changes the namespace: from outside', { skip }, async (t) => {
  const folder = await copyDeploy(t)
  const kustomization = {
    namespace: NAMESPACE,
    resources: ['overlays/self-managed'],
    components: ['components/required'],
  }
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
  checkNamespace(t, await buildFolder(folder), 'self-managed')
})

t.test('image and arguments are taken over', { skip }, async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`
  const image = { newName: 'localhost:5000/webhook', digest }
  const container = findContainer(await render({ image, args: ['--token-audience=two words', '-v=4'] }))
  t.equal(container.image, `localhost:5000/webhook@${digest}`)
  t.strictSame(container.args.slice(-2), ['--token-audience=two words', '-v=4'])
})

t.test('the guide tells of every component', async (t) => {
  const guide = await readFile('docs/install.md', 'utf8')
  for (const name of components) t.match(guide, `| \`${name}\` |`)
})

/** Everything names the namespace, and nothing names the one that the manifests are written with. */
function checkNamespace(t: Test, manifests: readonly Manifest[], certificateMode: CertificateMode): void {
  t.equal(findKind(manifests, 'Namespace').metadata.name, NAMESPACE)
  for (const { kind, metadata } of manifests) {
    if (!CLUSTER_KINDS.includes(kind)) t.equal(metadata.namespace, NAMESPACE, `${kind} ${metadata.name}`)
  }
  t.notMatch(JSON.stringify(manifests), /"eks"|\beks\/|\.eks\b/)
  const configuration = findKind(manifests, 'MutatingWebhookConfiguration')
  t.match(configuration, { webhooks: [{ clientConfig: { service: { namespace: NAMESPACE } } }] })
  const bindings = manifests.filter(({ kind }) => kind.endsWith('RoleBinding'))
  t.equal(bindings.filter(isOfWebhook).length, certificateMode === 'self-managed' ? 4 : 2)
  for (const binding of bindings) t.match(binding, { subjects: [{ namespace: NAMESPACE }] })
  if (certificateMode === 'self-managed') return
  t.strictSame(configuration.metadata.annotations, {
    'cert-manager.io/inject-ca-from': `${NAMESPACE}/pod-identity-webhook`,
  })
  const leaf = manifests.find(
    ({ kind, metadata }) => kind === 'Certificate' && metadata.name === 'pod-identity-webhook',
  )
  t.match(leaf, {
    spec: {
      dnsNames: ['', `.${NAMESPACE}`, `.${NAMESPACE}.svc`, `.${NAMESPACE}.svc.cluster.local`].map(
        (end) => `pod-identity-webhook${end}`,
      ),
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
    },
  })
}

/** What kubectl kustomize makes of a folder, as `kubectl apply -k` would take it. */
async function buildFolder(folder: string): Promise<readonly Manifest[]> {
  return parseAllDocuments(await kubectl.run(['kustomize', folder])).map((document) => document.toJS())
}

/** What the component oidc-sync may do is test/deploy/oidc-sync.test.ts's. */
function isOfWebhook({ metadata }: Manifest): boolean {
  return !/-(?:audit|oidc-sync|ecr-pull-secrets)$/.test(metadata.name)
}
