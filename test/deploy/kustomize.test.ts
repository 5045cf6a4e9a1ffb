import { execFileSync, spawnSync } from 'node:child_process'
import t from 'tap'
import { parseAllDocuments } from 'yaml'

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0
const skip = hasKubectl ? false : 'kubectl, whose kustomize builds the manifests, is not installed'

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [field: string]: unknown
}

function build(folder: string): readonly Manifest[] {
  const text = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' })
  return parseAllDocuments(text).map((document) => document.toJS())
}

const CLUSTER_KINDS = ['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'MutatingWebhookConfiguration']

for (const folder of ['deploy/base', 'deploy/overlays/cert-manager']) {
  t.test(`kustomize builds ${folder}, all of it in the namespace eks`, { skip }, async (t) => {
    const manifests = build(folder)
    for (const { kind, metadata } of manifests) {
      const expected = CLUSTER_KINDS.includes(kind) ? undefined : 'eks'
      t.equal(metadata.namespace, expected, `${kind} ${metadata.name}`)
    }
    const bindings = manifests.filter(({ kind }) => kind.endsWith('RoleBinding'))
    for (const binding of bindings) t.match(binding, { subjects: [{ namespace: 'eks' }] })
    t.match(
      manifests.find(({ kind }) => kind === 'MutatingWebhookConfiguration'),
      {
        webhooks: [
          {
            admissionReviewVersions: ['v1', 'v1beta1'],
            failurePolicy: 'Ignore',
            reinvocationPolicy: 'IfNeeded',
            sideEffects: 'None',
            clientConfig: { service: { name: 'pod-identity-webhook', namespace: 'eks', path: '/mutate' } },
          },
        ],
      },
    )
  })
}

t.test(
  'the webhook may read ServiceAccounts and its one ConfigMap, and nothing else',
  { skip },
  async (t) => {
    const rules = build('deploy/base')
      .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
      .flatMap((role) => role['rules'])
    const verbs = ['get', 'list', 'watch']
    t.strictSame(rules, [
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['pod-identity-webhook'],
        verbs,
      },
      { apiGroups: [''], resources: ['serviceaccounts'], verbs },
    ])
  },
)

t.test('the Deployment starts the program with flags that it has', { skip }, async (t) => {
  const deployment = build('deploy/base').find(({ kind }) => kind === 'Deployment')
  const spec = deployment?.['spec'] as {
    template: { spec: { containers: readonly { args: readonly string[] }[] } }
  }
  const [container] = spec.template.spec.containers
  const args = container?.args ?? []
  const flags = args.map((arg) => arg.replace('$(NAMESPACE)', 'eks'))
  const { status, stderr } = spawnSync(
    process.execPath,
    ['src/bin/pod-identity-webhook.ts', ...flags, '--help'],
    { encoding: 'utf8' },
  )
  t.equal(status, 0, stderr)
})
