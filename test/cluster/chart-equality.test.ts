import t from 'tap'
import { CERTIFICATE_MODES } from '../../scripts/cluster/cluster-options.ts'
import { createKubectl } from '../../scripts/cluster/kubectl.ts'
import { keyOf, type Manifest } from '../../scripts/cluster/manifest.ts'
import { listComponents, renderManifests } from '../../scripts/cluster/rendered-manifests.ts'
import { POLICY_ONLY, valuesOf } from '../support/chart-values.ts'
import { hasGo } from '../support/go-build.ts'
import { openHelm } from '../support/helm.ts'
import { useCluster } from './support/cluster.ts'

const BUILD_TIMEOUT_MS = 900_000
const NAMESPACE = 'aws-identities'
const HELM_LABELS = [
  'app.kubernetes.io/instance',
  'app.kubernetes.io/managed-by',
  'app.kubernetes.io/version',
  'helm.sh/chart',
]

/** Where the order of what a component adds means nothing. */
const UNORDERED = ['args', 'volumes', 'volumeMounts']

t.setTimeout(BUILD_TIMEOUT_MS)
if (!hasGo()) t.plan(0, 'Go, which builds helm, is not installed')
else {
  const helm = await openHelm(t.testdir(), (line) => t.comment(line))
  const kubectl = createKubectl((await useCluster(t)).connection.kubectlPath)
  t.test('without the webhook, the chart has what the overlay of the policies alone has', async (t) => {
    const [expected, found] = await Promise.all([
      renderManifests(kubectl, { namespace: NAMESPACE, certificateMode: 'none', components: [] }),
      helm.render(POLICY_ONLY, NAMESPACE),
    ])
    t.strictSame(compareBy(found), compareBy(expected))
    t.equal(expected.length, 4)
  })
  for (const certificateMode of CERTIFICATE_MODES) {
    for (const components of listChoices(await listComponents())) {
      const title = `${certificateMode} with ${components.join(', ') || 'no component'}`
      t.test(`${title}: the chart has what kustomize has, and nothing else`, async (t) => {
        const [expected, found] = await Promise.all([
          renderManifests(kubectl, { namespace: NAMESPACE, certificateMode, components }),
          helm.render(valuesOf(certificateMode, components), NAMESPACE),
        ])
        // Helm makes the namespace itself, with --create-namespace.
        const withoutNamespace = expected.filter(({ kind }) => kind !== 'Namespace')
        t.strictSame(compareBy(found), compareBy(withoutNamespace))
      })
    }
  }
}

/** None, each alone, each pair, and all: components meet in pairs, if they meet at all. */
function listChoices(names: readonly string[]): readonly (readonly string[])[] {
  const pairs = names.flatMap((name, index) => names.slice(index + 1).map((other) => [name, other]))
  return [[], ...names.map((name) => [name]), ...pairs, names]
}

/** What is compared: by object, without Helm's labels, whatever the order of objects, flags and volumes. */
function compareBy(manifests: readonly Manifest[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    manifests.map((manifest) => {
      const labels = Object.entries(manifest.metadata.labels ?? {})
      const own = Object.fromEntries(labels.filter(([name]) => !HELM_LABELS.includes(name)))
      const comparable = { ...manifest, metadata: { ...manifest.metadata, labels: own } }
      return [keyOf(manifest), JSON.parse(JSON.stringify(comparable, sortUnordered))]
    }),
  )
}

function sortUnordered(key: string, value: unknown): unknown {
  if (!UNORDERED.includes(key) || !Array.isArray(value)) return value
  const textOf = (item: unknown) => (typeof item === 'string' ? item : (item as { name: string }).name)
  return value.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}
