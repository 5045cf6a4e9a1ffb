import t from 'tap'
import { type Manifest, OWN_NAME } from '../../scripts/cluster/manifest.ts'
import { listComponents } from '../../scripts/cluster/rendered-manifests.ts'
import { render, skip } from './rendered-deploy.ts'

const components = await listComponents()

t.test('the webhook may read ServiceAccounts and its ConfigMaps, and nothing else', { skip }, async (t) => {
  const verbs = ['get', 'list', 'watch']
  t.strictSame(listRules(await render({ certificateMode: 'cert-manager', components })), [
    {
      apiGroups: [''],
      resourceNames: ['pod-identity-webhook', 'pod-identity-webhook-container-credentials'],
      resources: ['configmaps'],
      verbs,
    },
    { apiGroups: [''], resources: ['serviceaccounts'], verbs },
  ])
  t.strictSame(
    listRules(await render({ certificateMode: 'cert-manager', components: [] })).map(
      (rule) => rule.resourceNames,
    ),
    [['pod-identity-webhook'], undefined],
  )
})

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
    .flatMap(
      (role) =>
        role['rules'] as readonly {
          readonly verbs: readonly string[]
          readonly resourceNames?: readonly string[]
        }[],
    )
}
