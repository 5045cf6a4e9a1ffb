import { spawnSync } from 'node:child_process'
import { cp, lstat, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { CERTIFICATE_MODES, type CertificateMode } from '../../scripts/cluster/cluster-options.ts'
import { createKubectl } from '../../scripts/cluster/kubectl.ts'
import { type Manifest, OWN_NAME } from '../../scripts/cluster/manifest.ts'
import {
  listComponents,
  type RenderOptions,
  renderManifests,
} from '../../scripts/cluster/rendered-manifests.ts'

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0
const skip = hasKubectl ? false : 'kubectl, whose kustomize builds the manifests, is not installed'

const kubectl = createKubectl('kubectl')
const components = await listComponents()
const COMPONENT_CHOICES = [[], ...components.map((name) => [name]), components]
const NAMESPACE = 'aws-identities'

const CLUSTER_KINDS = [
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
]

const render = (options: Partial<RenderOptions>) =>
  renderManifests(kubectl, { namespace: 'eks', certificateMode: 'self-managed', components: [], ...options })

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

t.test(
  'the webhook may read ServiceAccounts and its one ConfigMap, and nothing else',
  { skip },
  async (t) => {
    const verbs = ['get', 'list', 'watch']
    t.strictSame(listRules(await render({ certificateMode: 'cert-manager', components })), [
      { apiGroups: [''], resources: ['configmaps'], resourceNames: ['pod-identity-webhook'], verbs },
      { apiGroups: [''], resources: ['serviceaccounts'], verbs },
    ])
  },
)

t.test(
  'to keep a CA of its own it may write one Secret and one webhook configuration',
  { skip },
  async (t) => {
    const rules = listRules(await render({ components })).filter((rule) => rule.verbs.includes('patch'))
    t.strictSame(rules, [
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['pod-identity-webhook'],
        verbs: ['get', 'list', 'watch', 'patch', 'create'],
      },
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations'],
        resourceNames: ['pod-identity-webhook'],
        verbs: ['get', 'list', 'watch', 'patch'],
      },
    ])
  },
)

t.test('the Deployment survives the loss of a node, and asks for little', { skip }, async (t) => {
  const manifests = await render({})
  const selector = { matchLabels: { 'app.kubernetes.io/name': 'pod-identity-webhook' } }
  t.match(findKind(manifests, 'PodDisruptionBudget'), {
    spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector },
  })
  t.match(findKind(manifests, 'NetworkPolicy'), {
    spec: {
      podSelector: selector,
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port: 'https' }] }, { ports: [{ port: 'metrics' }] }],
    },
  })
  t.match(findKind(manifests, 'Deployment'), {
    spec: {
      replicas: 2,
      selector,
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
      template: {
        metadata: { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' } },
        spec: {
          priorityClassName: 'system-cluster-critical',
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 45,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
            (topologyKey) => ({
              topologyKey,
              whenUnsatisfiable: 'ScheduleAnyway',
            }),
          ),
        },
      },
    },
  })
  t.match(findContainer(manifests), {
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { cpu: undefined, memory: '256Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    startupProbe: { httpGet: { path: '/readyz' } },
    readinessProbe: { httpGet: { path: '/readyz' } },
    livenessProbe: { httpGet: { path: '/healthz' } },
  })
})

t.test('pods are still created when the webhook cannot be reached', { skip }, async (t) => {
  t.match(findKind(await render({}), 'MutatingWebhookConfiguration'), {
    webhooks: [
      {
        name: 'pod-identity-webhook.amazonaws.com',
        admissionReviewVersions: ['v1', 'v1beta1'],
        failurePolicy: 'Ignore',
        reinvocationPolicy: 'IfNeeded',
        matchPolicy: 'Equivalent',
        sideEffects: 'None',
        timeoutSeconds: 5,
        clientConfig: { service: { name: 'pod-identity-webhook', namespace: 'eks', path: '/mutate' } },
        objectSelector: {
          matchExpressions: [
            { key: 'eks.amazonaws.com/skip-pod-identity-webhook', operator: 'DoesNotExist' },
          ],
        },
        matchConditions: [{ name: 'no-mirror-pods' }],
      },
    ],
  })
})

t.test(
  'entries of the required tier differ from the first in what they are for alone',
  { skip },
  async (t) => {
    const { webhooks } = findKind(
      await render({ components: ['required'] }),
      'MutatingWebhookConfiguration',
    ) as Manifest & {
      readonly webhooks: readonly Readonly<Record<string, unknown>>[]
    }
    const [first, ...others] = webhooks.map(
      ({ name, failurePolicy, objectSelector, namespaceSelector, ...rest }) => rest,
    )
    for (const other of others) t.strictSame(other, first)
    t.equal(others.length, 2)
  },
)

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

t.test('deploy/auth.yaml is base/auth.yaml', async (t) => {
  t.equal(await readlink('deploy/auth.yaml'), 'base/auth.yaml')
})

t.test('an edited deploy/auth.yaml is deployed, as a link or as a file', { skip }, async (t) => {
  const annotation = 'eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/s3-reader'
  const findAnnotations = async (deployFolder: string) =>
    findKind(await render({ deployFolder }), 'ServiceAccount').metadata.annotations
  const edit = (text: string) => text.replace(/^ {2}name: /m, `  annotations:\n    ${annotation}\n  name: `)
  const expected = parse(annotation)

  const linked = await copyDeploy(t)
  await writeFile(join(linked, 'auth.yaml'), edit(await readFile(join(linked, 'auth.yaml'), 'utf8')))
  t.ok((await lstat(join(linked, 'auth.yaml'))).isSymbolicLink())
  t.strictSame(await findAnnotations(linked), expected)

  const replaced = await copyDeploy(t)
  const text = edit(await readFile(join(replaced, 'auth.yaml'), 'utf8'))
  await rm(join(replaced, 'auth.yaml'))
  await writeFile(join(replaced, 'auth.yaml'), text)
  t.strictSame(await findAnnotations(replaced), expected)

  const withoutLinks = await copyDeploy(t)
  await rm(join(withoutLinks, 'auth.yaml'))
  await writeFile(join(withoutLinks, 'auth.yaml'), 'base/auth.yaml')
  t.equal(await findAnnotations(withoutLinks), undefined)
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

async function copyDeploy(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await cp('deploy', folder, { recursive: true, verbatimSymlinks: true })
  return folder
}

/** The one of a kind that is named for the webhook. */
function findKind(manifests: readonly Manifest[], kind: string): Manifest {
  const names = [OWN_NAME, 'eks', NAMESPACE]
  const found = manifests.find((manifest) => manifest.kind === kind && names.includes(manifest.metadata.name))
  if (found === undefined) throw new Error(`there is no ${kind}`)
  return found
}

interface Container {
  readonly image: string
  readonly args: readonly string[]
}

function findContainer(manifests: readonly Manifest[]): Container {
  const { template } = findKind(manifests, 'Deployment')['spec'] as {
    template: { spec: { containers: readonly [Container] } }
  }
  return template.spec.containers[0]
}

/** What the component oidc-sync may do is test/deploy/oidc-sync.test.ts's. */
function isOfWebhook({ metadata }: Manifest): boolean {
  return metadata.name !== 'pod-identity-webhook-oidc-sync'
}

/** What the webhook's ServiceAccount may do. */
function listRules(manifests: readonly Manifest[]) {
  const bindings = manifests as readonly (Manifest & {
    readonly subjects?: readonly { readonly name: string }[]
    readonly roleRef?: { readonly kind: string; readonly name: string }
  })[]
  const roles = bindings.filter(({ subjects }) => subjects?.some(({ name }) => name === OWN_NAME))
  return manifests
    .filter(({ kind, metadata }) =>
      roles.some(({ roleRef }) => roleRef?.kind === kind && roleRef.name === metadata.name),
    )
    .flatMap((role) => role['rules'] as readonly { readonly verbs: readonly string[] }[])
}
