import t from 'tap'
import { API_SERVER_METRICS } from '../monitoring/known-metrics.ts'
import { useCluster } from './support/cluster.ts'
import { poll } from './support/daemon.ts'

const NAMESPACE = 'api-server-metrics'
const CONFIGURATION = 'api-server-metrics'
const REGISTRATION_TIMEOUT_MS = 20_000
const POLICIES = { 'ignored.example.com': 'Ignore', 'required.example.com': 'Fail' }

t.test('the API server counts webhooks that do not answer as alerts and dashboard expect', async (t) => {
  const cluster = await useCluster(t)
  await cluster.createNamespace(NAMESPACE)
  t.teardown(() => cluster.kubectl(['delete', 'mutatingwebhookconfiguration', CONFIGURATION]))
  await cluster.kubectl(['create', '--filename=-'], {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: CONFIGURATION },
    webhooks: Object.entries(POLICIES).map(([name, failurePolicy]) => ({
      name,
      failurePolicy,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      // Nobody listens there.
      clientConfig: { url: 'https://127.0.0.1:1/mutate' },
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAMESPACE } },
    })),
  })
  const createConfigMap = () =>
    cluster.kubectl(['create', 'configmap', 'any', `--namespace=${NAMESPACE}`, '--dry-run=server'])
  // API servers take a moment to hear of a configuration.
  const isRefused = async () => (await createConfigMap()).exitCode !== 0 || undefined
  t.ok(await poll(isRefused, REGISTRATION_TIMEOUT_MS), 'what requires an answer is refused')

  const { stdout } = await cluster.kubectl(['get', '--raw=/metrics'])
  for (const { kind, name, labels } of API_SERVER_METRICS) {
    const series = kind === 'histogram' ? `${name}_bucket` : name
    const lines = stdout
      .split('\n')
      .filter((line) => line.startsWith(`${series}{`) && line.includes('.example.com"'))
    t.ok(lines.length > 0, series)
    const expected = new Set(kind === 'histogram' ? [...labels, 'le'] : labels)
    for (const line of lines) {
      t.strictSame(new Set([...line.matchAll(/(\w+)="/g)].map(([, label]) => label)), expected, line)
    }
  }
  t.match(stdout, /_fail_open_count\{name="ignored.example.com",type="admit"\} [1-9]/)
  t.match(stdout, /_rejection_count\{error_type="calling_webhook_error",name="required.example.com",/)
})
